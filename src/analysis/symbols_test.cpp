// Definitions are found with their ranges, nested and decorated ones too.
#include "src/analysis/symbols.h"

#include <doctest/doctest.h>

#include "src/analysis/languages/languages.h"

namespace coditect::analysis {

TEST_CASE("SymbolsHaveQualifiedNamesRangesAndParameters") {
  std::string text =
      "import a\n"
      "@cached\n"
      "def f(x, y: int = 1, *args, z=2, **more):\n"
      "    def inner(q):\n"
      "        return q\n"
      "    return inner(x)\n"
      "class C(Base):\n"
      "    async def m(self, n):\n"
      "        pass\n";
  auto tree = Parser(Python()).Parse(text);
  REQUIRE(tree.ok());
  auto symbols = Symbols(*tree);
  REQUIRE_EQ(symbols.size(), 4);
  CHECK_EQ(symbols[0].qualified_name, "f");
  CHECK_EQ(symbols[0].first_line, 2);
  CHECK_EQ(symbols[0].last_line, 6);
  CHECK_EQ(symbols[0].parameters, std::vector<std::string>{"x", "y", "args", "z", "more"});
  CHECK_EQ(symbols[1].qualified_name, "f.inner");
  CHECK_EQ(symbols[2].qualified_name, "C");
  CHECK(symbols[2].kind == Symbol::Kind::kClass);
  CHECK_EQ(symbols[3].qualified_name, "C.m");
  CHECK(symbols[3].kind == Symbol::Kind::kMethod);

  CHECK_EQ(FunctionAt(symbols, static_cast<uint32_t>(text.find("return q")))->qualified_name,
           "f.inner");
  CHECK_EQ(FunctionAt(symbols, static_cast<uint32_t>(text.find("return inner")))->qualified_name,
           "f");
  CHECK(FunctionAt(symbols, 0) == nullptr);
}

TEST_CASE("PlainQualifiedNameDropsLocals") {
  CHECK_EQ(PlainQualifiedName("f.<locals>.g.<locals>.h"), "f.g.h");
  CHECK_EQ(PlainQualifiedName("C.m"), "C.m");
}

TEST_CASE("SymbolsOfCppAreNamedByTheirClass") {
  auto tree = Parser(Cpp()).Parse(
      "struct forward;\n"
      "struct node { int size() const { return n; } int n; };\n"
      "template <typename T> T most(const std::vector<T>& xs, int k = 3, char* = nullptr);\n"
      "int* space::Box<int>::find(int key, const char name[3]) { return 0; }\n"
      "Box::~Box() {}\n"
      "bool operator<(Box a, Box b) { return true; }\n");
  REQUIRE(tree.ok());
  std::vector<std::string> names;
  for (const Symbol& symbol : Symbols(*tree)) {
    std::string name = symbol.qualified_name;
    for (const std::string& parameter : symbol.parameters) name += StrCat(" ", parameter);
    names.push_back(std::move(name));
  }
  CHECK_EQ(names, std::vector<std::string>{"node", "node.size", "Box.find key name", "Box.~Box",
                                           "operator< a b"});
}

}  // namespace coditect::analysis
