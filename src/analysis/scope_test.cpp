// Names are visible where the language says so.
#include "src/analysis/scope.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <set>

#include "src/analysis/languages/languages.h"

namespace coditect::analysis {
namespace {

constexpr char kSource[] =
    "import math\n"
    "LIMIT = 3\n"
    "class Box:\n"
    "    size = 1\n"
    "    def grow(self, by=LIMIT):\n"
    "        for i in range(by):\n"
    "            early = late if i else 0\n"
    "            late = [q for q in self.items]\n"
    "        with open('f') as handle:\n"
    "            total = len(handle.name)\n"
    "        unused = 1\n"
    "        return total\n"
    "def helper(a): return a\n";

struct Fixture {
  SyntaxTree tree;
  ScopeTable scope;
  explicit Fixture(SyntaxTree parsed) : tree(std::move(parsed)), scope(tree) {}

  const Binding* Find(std::string_view name, std::string_view before) const {
    auto visible = scope.VisibleAt(static_cast<uint32_t>(tree.text().find(before)));
    auto found = std::find_if(visible.begin(), visible.end(),
                              [&](const Binding* b) { return b->name == name; });
    return found == visible.end() ? nullptr : *found;
  }
};

std::unique_ptr<Fixture> Make() {
  auto tree = Parser(Python()).Parse(kSource);
  REQUIRE(tree.ok());
  return std::make_unique<Fixture>(std::move(tree).value());
}

}  // namespace

TEST_CASE("ParametersLocalsGlobalsImportsAndBuiltinsAreVisible") {
  auto f = Make();
  const std::pair<const char*, NameOrigin> rows[] = {
      {"self", NameOrigin::kParameter},  {"by", NameOrigin::kParameter},
      {"i", NameOrigin::kLoop},          {"total", NameOrigin::kLocal},
      {"handle", NameOrigin::kLocal},    {"LIMIT", NameOrigin::kGlobal},
      {"math", NameOrigin::kImport},     {"Box", NameOrigin::kClass},
      {"helper", NameOrigin::kFunction}, {"range", NameOrigin::kBuiltin},
  };
  for (const auto& [name, origin] : rows) {
    CAPTURE(name);
    const Binding* binding = f->Find(name, "return total");
    REQUIRE(binding != nullptr);
    CHECK(binding->origin == origin);
  }
}

TEST_CASE("NamesOfOtherScopesAndLaterNamesAreNotVisible") {
  auto f = Make();
  CHECK(f->Find("size", "return total") == nullptr);  // of the class
  CHECK(f->Find("size", "    def grow") != nullptr);
  CHECK(f->Find("a", "return total") == nullptr);  // of another function
  CHECK(f->Find("q", "return total") == nullptr);  // of the comprehension
  CHECK(f->Find("q", "q for q") != nullptr);
  CHECK(f->Find("total", "for i in range") == nullptr);  // bound later
  CHECK(f->Find("late", "late if i") != nullptr);        // bound later, but the loop goes round
}

TEST_CASE("ReadsAreCountedWithoutTheBindingItself") {
  auto f = Make();
  CHECK_EQ(f->Find("unused", "return total")->reads, 0);
  CHECK_EQ(f->Find("total", "return total")->reads, 1);
}

TEST_CASE("BlocksOfCppAreScopes") {
  const std::string text =
      "int global = 1;\n"
      "struct Box { int member; int sum(); };\n"
      "int Box::sum() {\n"
      "  for (int i = 0; i < 3; i++) { int inner = i; /*1*/ }\n"
      "  /*2*/ auto [left, right] = split(member);\n"
      "  for (const auto& [key, value] : table) { /*3*/ }\n"
      "  auto f = [&](int q) { return q; /*4*/ };\n"
      "  return late; }\n"
      "int late = 2;\n";
  auto tree = Parser(Cpp()).Parse(text);
  REQUIRE(tree.ok());
  ScopeTable scope(*tree);
  auto seen = [&](std::string_view mark) {
    std::set<std::string> out;
    for (const Binding* binding : scope.VisibleAt(static_cast<uint32_t>(text.find(mark)))) {
      if (binding->origin != NameOrigin::kBuiltin) out.emplace(binding->name);
    }
    return out;
  };
  using Names = std::set<std::string>;
  CHECK_EQ(seen("/*1*/"), Names{"global", "member", "sum", "i", "inner"});
  CHECK_EQ(seen("/*2*/"), Names{"global", "member", "sum"});
  CHECK_EQ(seen("/*3*/"), Names{"global", "member", "sum", "left", "right", "key", "value"});
  CHECK_EQ(seen("/*4*/"), Names{"global", "member", "sum", "left", "right", "q"});
}

}  // namespace coditect::analysis
