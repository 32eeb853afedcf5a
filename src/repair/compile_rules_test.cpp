// What is proposed for what a compiler says.
#include "src/repair/compile_rules.h"

#include <doctest/doctest.h>

#include "src/repair/compile_guard.h"
#include "src/repair/compile_search.h"

namespace coditect::repair {
namespace {

Diagnostic Error(const std::string& file, uint32_t line, uint32_t column,
                 const std::string& message) {
  return {.file = file, .line = line, .column = column, .message = message};
}

std::set<std::string> PathsOf(const std::vector<SourceText>& files) {
  std::set<std::string> paths;
  for (const SourceText& file : files) paths.insert(file.path);
  return paths;
}

/// The files after each proposal, best first.
std::vector<ChangedTexts> Proposed(const std::vector<SourceText>& files,
                                   std::vector<Diagnostic> errors,
                                   CompileSpace space = CompileSpace::kUses) {
  std::vector<CodeText> codes;
  for (const SourceText& file : files) codes.emplace_back(file.path, file.text);
  const CodeIndex index(std::move(codes));
  std::vector<ChangedTexts> out;
  const ErrorGroup group{std::move(errors)};
  for (const CompileProposal& one : ProposeFixes(index, group, PathsOf(files), space)) {
    ChangedTexts changed;
    for (const SourceText& file : files) {
      std::vector<SourceEdit> edits;
      for (const SourceEdit& edit : one.edits) {
        if (edit.file == file.path) edits.push_back(edit);
      }
      auto text = ApplyEdits(file.text, std::move(edits));
      if (text.ok()) changed[file.path] = *text;
    }
    out.push_back(std::move(changed));
  }
  return out;
}

/// The place of the proposal that makes `path` hold `text`; 99 when there is none.
size_t RankOf(const std::vector<ChangedTexts>& proposed, const std::string& path,
              const std::string& text) {
  for (size_t i = 0; i < proposed.size(); ++i) {
    const auto found = proposed[i].find(path);
    if (found != proposed[i].end() && Contains(found->second, text)) return i;
  }
  return 99;
}

TEST_CASE("AnUnknownNameBringsTheHeaderThatDeclaresIt") {
  const std::vector<SourceText> files = {
      {"src/a.cpp", "#include <map>\n\nint f() { return area(2); }\n"},
      {"src/b.cpp", "#include \"geo/area.h\"\n"},
      {"include/geo/area.h", "#pragma once\nint area(int side);\n"}};
  auto proposed =
      Proposed(files, {Error("src/a.cpp", 3, 18, "'area' was not declared in this scope")});
  CHECK(RankOf(proposed, "src/a.cpp", "#include \"geo/area.h\"\n") == 0);
  proposed = Proposed(files, {Error("src/a.cpp", 3, 18, "'sqrt' was not declared in this scope")});
  CHECK(RankOf(proposed, "src/a.cpp", "#include <map>\n#include <cmath>\n") < 2);
  proposed = Proposed(files, {Error("src/a.cpp", 3, 18,
                                    "'vector' in namespace 'std' does not name a "
                                    "template type")});
  CHECK(RankOf(proposed, "src/a.cpp", "#include <vector>\n") == 0);
}

TEST_CASE("ASlipIsWrittenAsTheNearestNameThatFits") {
  const std::vector<SourceText> files = {
      {"a.c", "int area(int a, int b);\nint arena(int a);\nint f(void) { return araea(1, 2); }\n"}};
  const auto proposed =
      Proposed(files, {Error("a.c", 3, 22, "implicit declaration of function 'araea'")});
  CHECK(RankOf(proposed, "a.c", "return area(1, 2)") < RankOf(proposed, "a.c", "arena(1, 2)"));
  CHECK(RankOf(proposed, "a.c", "return area(1, 2)") == 0);
}

TEST_CASE("EveryCallOfARenamedFunctionFollowsAtOnce") {
  const std::vector<SourceText> files = {
      {"a.h", "int sum_of_areas(int a);\n"},
      {"a.cpp", "#include \"a.h\"\nint sum_of_areas(int a) { return a; }\n"},
      {"b.cpp", "#include \"a.h\"\nint b() { return total_area(1) + total_area(2); }\n"},
      {"c.cpp", "#include \"a.h\"\nint c() { return total_area(3); }\n"}};
  const Diagnostic error = Error("b.cpp", 2, 18, "'total_area' was not declared in this scope");
  const auto uses = Proposed(files, {error});
  const size_t rank = RankOf(uses, "b.cpp", "sum_of_areas(1) + sum_of_areas(2)");
  CHECK(rank == 0);
  CHECK(Contains(uses[rank].at("c.cpp"), "sum_of_areas(3)"));
  const auto declarations = Proposed(files, {error}, CompileSpace::kDeclarations);
  CHECK(RankOf(declarations, "a.h", "int total_area(int a);") == 0);
}

TEST_CASE("ADeclarationFollowsTheDefinitionThatCallersKnow") {
  const std::vector<SourceText> files = {
      {"s.h", "class Shape {\n public:\n  int perimeter() const;\n};\n"},
      {"s.cpp", "#include \"s.h\"\nint Shape::outline() const { return 1; }\n"},
      {"u.cpp", "#include \"s.h\"\nint u(const Shape& s) { return s.outline(); }\n"}};
  const auto proposed =
      Proposed(files, {Error("u.cpp", 2, 35, "'const class Shape' has no member named 'outline'")});
  CHECK(RankOf(proposed, "s.h", "int outline() const;") < 3);
}

TEST_CASE("HeaderAndDefinitionAreBroughtInLine") {
  const std::vector<SourceText> files = {
      {"s.h", "struct S {\n  long area(int a = 1);\n};\n"},
      {"s.cpp", "#include \"s.h\"\nint S::area(int a, bool b) const { return b ? a : 0; }\n"}};
  const auto proposed = Proposed(
      files, {Error("s.cpp", 2, 5, "no declaration matches 'int S::area(int, bool) const'")});
  CHECK(RankOf(proposed, "s.h", "  int area(int a = 1, bool b) const;") < 4);
  CHECK(RankOf(proposed, "s.cpp", "long S::area(int a)") < 6);
}

TEST_CASE("ArgumentsAreAddedDroppedAndSwapped") {
  const std::vector<SourceText> files = {{"a.cpp",
                                          "int area(int width, int height);\n"
                                          "int f(int height) { return area(height); }\n"}};
  auto proposed = Proposed(
      files, {Error("a.cpp", 2, 28, "too few arguments to function 'int area(int, int)'")});
  CHECK(RankOf(proposed, "a.cpp", "area(height, height)") < 2);
  CHECK(RankOf(proposed, "a.cpp", "area(0, height)") < 12);
  const std::vector<SourceText> many = {
      {"a.cpp", "int area(int width);\nint f(int a, int b) { return area(a, b); }\n"}};
  proposed =
      Proposed(many, {Error("a.cpp", 2, 30, "too many arguments to function 'int area(int)'")});
  CHECK(RankOf(proposed, "a.cpp", "area(a)") == 0);
  CHECK(RankOf(proposed, "a.cpp", "area(b)") == 1);
}

TEST_CASE("ConstGoesToEveryDeclarationOfTheMember") {
  const std::vector<SourceText> files = {
      {"s.h", "struct S { int area(); };\n"},
      {"s.cpp",
       "#include \"s.h\"\nint S::area() { return 1; }\nint f(const S& s) { return "
       "s.area(); }\n"}};
  Diagnostic error = Error("s.cpp", 3, 30,
                           "passing 'const S' as 'this' argument discards "
                           "qualifiers");
  error.notes.push_back({"s.cpp", 2, 5, "  in call to 'int S::area()'"});
  const auto proposed = Proposed(files, {error});
  const size_t rank = RankOf(proposed, "s.h", "int area() const;");
  CHECK(rank == 0);
  CHECK(Contains(proposed[rank].at("s.cpp"), "int S::area() const {"));
}

TEST_CASE("TheLinkersNameIsDefined") {
  const std::vector<SourceText> files = {
      {"a.h", "namespace geo {\nint total(int a);\n}\n"},
      {"a.cpp", "#include \"a.h\"\nnamespace geo {\nint totla(int a) { return a; }\n}\n"},
      {"b.cpp", "#include \"a.h\"\nint main() { return geo::total(1); }\n"}};
  auto proposed = Proposed(files, {Error("", 0, 0, "undefined reference to 'geo::total(int)'")});
  CHECK(RankOf(proposed, "a.cpp", "int total(int a) {") == 0);
  std::vector<SourceText> global = files;
  global[1].text = "#include \"a.h\"\nint total(int a) { return a; }\n";
  proposed = Proposed(global, {Error("", 0, 0, "undefined reference to 'geo::total(int)'")});
  CHECK(RankOf(proposed, "a.cpp", "int geo::total(int a)") == 0);
}

TEST_CASE("MarksAndBracesAreSetWhereTheyAreMissing") {
  const std::vector<SourceText> files = {
      {"a.c",
       "int f(int a) {\n  if (a) {\n    a = 1;\n  return a;\n}\n\nint g(void) { return 1; "
       "}\n"}};
  auto proposed = Proposed(files, {Error("a.c", 7, 25, "expected '}' at end of input")});
  CHECK(RankOf(proposed, "a.c", "    a = 1;\n  }\n  return a;\n}") < 12);
  const std::vector<SourceText> mark = {{"a.c", "int f(int a) {\n  a = 1\n  return a;\n}\n"}};
  proposed = Proposed(mark, {Error("a.c", 2, 8, "expected ';' before 'return'")});
  CHECK(RankOf(proposed, "a.c", "a = 1;\n") == 0);
}

TEST_CASE("EditsStayInWhatMayBeEdited") {
  std::vector<CodeText> codes;
  codes.emplace_back("a.c", "int f(void) { return retrun; }\n");
  const CodeIndex index(std::move(codes));
  const ErrorGroup group{{Error("a.c", 1, 22, "'retrun' undeclared (first use)")}};
  CHECK_FALSE(ProposeFixes(index, group, {"a.c"}, CompileSpace::kUses).empty());
  CHECK(ProposeFixes(index, group, {"b.c"}, CompileSpace::kUses).empty());
}

TEST_CASE("RemovedCodeIsNoRepair") {
  const std::string base =
      "#include <a.h>\nint f(int a) {\n  check(a);\n  log(\"x\", a);\n  return g(a);\n}\nint h;\n";
  const auto with = [&](const std::string& old, const std::string& now) {
    std::string text = base;
    return RemovedBy(base, text.replace(text.find(old), old.size(), now));
  };
  CHECK(with("check(a)", "chekc(a)").empty());
  CHECK(with(", a)", ")").empty());
  CHECK(with("#include <a.h>", "#include <b.h>").empty());
  CHECK(with("  check(a);\n", "") == "removes a statement");
  CHECK(with("check(a);", "// check(a);") == "removes a statement");
  CHECK(with("g(a)", "0") == "removes a call");
  CHECK(with("check(a);", "a;") == "removes a call");
  CHECK(with("\"x\", ", "") == "removes a text");
  CHECK(with("#include <a.h>\n", "") == "removes an include");
  CHECK(with("  check", "#if 0\n  check") == "changes a line of the preprocessor");
  CHECK(with("int h;", "int h;\nint h;").empty());
  const std::string twice = base + "int h;\n";
  CHECK(RemovedBy(twice, base).empty());
  CHECK(RemovedBy(base, "") != "");
}

TEST_CASE("AnyTextHasAnIndex") {
  const std::string pieces[] = {"class A ",   "{",        "}",        "(",        ")",
                                ";",          ":",        "::",       "<",        ">",
                                "a",          "int ",     "enum ",    ",",        "=",
                                "\"",         "\n",       "#if\n",    "typedef ", "struct ",
                                "namespace ", "template", "operator", "public"};
  uint32_t state = 7;
  for (int round = 0; round < 3000; ++round) {
    std::string text;
    for (int i = 0; i < 30; ++i) {
      state = state * 1664525 + 1013904223;
      text += pieces[(state >> 8) % std::size(pieces)];
    }
    std::vector<CodeText> codes;
    codes.emplace_back("a.cpp", text);
    const CodeIndex index(std::move(codes));
    for (const char* message :
         {"'a' was not declared", "expected ';' before '}'", "undefined reference to 'A::a(int)'",
          "expected '}' at end of "
          "input"}) {
      const ErrorGroup group{{Error("a.cpp", 1, 1 + state % 20, message)}};
      CHECK(ProposeFixes(index, group, {"a.cpp"}, CompileSpace::kUses).size() <= kProposalsMax);
    }
  }
}

// A compiler for the search: each entry is an error as long as the text stands in the file.
struct Slip {
  std::string file;
  std::string text;
  std::string message;
  uint32_t column = 1;
};

BuildJudge JudgeOf(const std::vector<SourceText>& files, const std::vector<Slip>& slips,
                   std::vector<ChangedTexts>* seen) {
  return [&files, slips, seen](const ChangedTexts& changed) -> StatusOr<BuildOutcome> {
    seen->push_back(changed);
    BuildOutcome outcome;
    for (const Slip& slip : slips) {
      std::string text;
      for (const SourceText& file : files) {
        if (file.path == slip.file) text = file.text;
      }
      if (changed.contains(slip.file)) text = changed.at(slip.file);
      const size_t at = text.find(slip.text);
      if (at == std::string::npos) continue;
      const auto line = std::count(text.begin(), text.begin() + static_cast<long>(at), '\n') + 1;
      const size_t start = text.rfind('\n', at);
      const size_t column = at - (start == std::string::npos ? 0 : start + 1) + 1;
      outcome.diagnostics.push_back(Error(slip.file, static_cast<uint32_t>(line),
                                          static_cast<uint32_t>(column), slip.message));
    }
    outcome.passed = outcome.diagnostics.empty();
    return outcome;
  };
}

TEST_CASE("SeveralErrorsAreMendedOneAfterTheOther") {
  CompileSearchOptions options;
  options.files = {{"a.c", "int count;\nint width;\nint f(void) { return cuont + widht; }\n"}};
  options.editable = {"a.c"};
  std::vector<ChangedTexts> seen;
  const auto result = SearchBuild(
      options, JudgeOf(options.files,
                       {{"a.c", "cuont", "'cuont' undeclared (first use in this function)"},
                        {"a.c", "widht", "'widht' undeclared (first use in this function)"}},
                       &seen));
  REQUIRE(result.ok());
  CHECK(result->passed);
  CHECK(result->errors_at_first == 2);
  CHECK(result->steps.size() == 2);
  CHECK(Contains(result->changed.at("a.c"), "return count + width;"));
}

TEST_CASE("WhatCannotBeMendedIsTriedWithinLimitsAndTold") {
  CompileSearchOptions options;
  options.files = {{"a.c", "int f(void) { return zzyzx(1); }\n"}};
  options.editable = {"a.c"};
  options.builds_max = 5;
  std::vector<ChangedTexts> seen;
  const auto result =
      SearchBuild(options, JudgeOf(options.files, {{"a.c", "int", "'zzyzx' undeclared"}}, &seen));
  REQUIRE(result.ok());
  CHECK_FALSE(result->passed);
  CHECK(result->builds <= 5);
  CHECK(result->left.size() == 1);
}

TEST_CASE("APatchThatRemovesCodeIsNeverBuilt") {
  CompileSearchOptions options;
  options.files = {{"a.c", "int f(void) {\n  lost();\n  return 1;\n}\n"}};
  options.editable = {"a.c"};
  std::vector<ChangedTexts> seen;
  Diagnostic error = Error("a.c", 2, 3, "'lost' undeclared");
  error.fixes = {{{"a.c", 16, 23, ""}}};
  const BuildJudge judge = [&](const ChangedTexts& changed) -> StatusOr<BuildOutcome> {
    seen.push_back(changed);
    BuildOutcome outcome;
    outcome.passed = changed.contains("a.c") && !Contains(changed.at("a.c"), "lost");
    if (!outcome.passed) outcome.diagnostics = {error};
    return outcome;
  };
  const auto result = SearchBuild(options, judge);
  REQUIRE(result.ok());
  CHECK(result->refused > 0);
  CHECK(Contains(result->refusal, "removes a"));
  for (const ChangedTexts& changed : seen) {
    CHECK((!changed.contains("a.c") || Contains(changed.at("a.c"), "();")));
  }
}

TEST_CASE("OfPatchesThatBuildTheOneWithFewestFailingTestsWins") {
  CompileSearchOptions options;
  options.files = {{"a.c", "int cound;\nint count_;\nint f(void) { return count; }\n"}};
  options.editable = {"a.c"};
  const BuildJudge judge = [&](const ChangedTexts& changed) -> StatusOr<BuildOutcome> {
    BuildOutcome outcome;
    const std::string text = changed.contains("a.c") ? changed.at("a.c") : "return count;";
    outcome.passed = !Contains(text, "return count;");
    outcome.failing_tests = Contains(text, "return cound;") ? 3 : 0;
    if (!outcome.passed) outcome.diagnostics = {Error("a.c", 3, 22, "'count' undeclared")};
    return outcome;
  };
  const auto result = SearchBuild(options, judge);
  REQUIRE(result.ok());
  CHECK(result->passed);
  CHECK(result->failing_tests == 0);
  CHECK(Contains(result->changed.at("a.c"), "return count_;"));
}

}  // namespace
}  // namespace coditect::repair
