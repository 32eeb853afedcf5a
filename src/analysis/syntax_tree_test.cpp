// Trees have the right roles, and no text breaks the parser.
#include "src/analysis/syntax_tree.h"

#include <doctest/doctest.h>

#include "src/analysis/languages/languages.h"

namespace coditect::analysis {
namespace {

SyntaxTree Parse(std::string text) {
  auto tree = Parser(Python()).Parse(std::move(text));
  REQUIRE(tree.ok());
  return std::move(tree).value();
}

/// The role of the largest node whose text is `text`, below statements.
bool HasRole(const SyntaxTree& tree, std::string_view text, Role role) {
  for (NodeId id = 0; id < tree.size(); ++id) {
    if (tree[id].role == role && tree.Text(id) == text) return true;
  }
  return false;
}

void CheckNesting(const SyntaxTree& tree) {
  for (NodeId id = 0; id < tree.size(); ++id) {
    const SyntaxNode& node = tree[id];
    REQUIRE(node.start <= node.end);
    REQUIRE(node.end <= tree.text().size());
    REQUIRE(node.subtree_end > id);
    if (node.parent == kNoNode) continue;
    REQUIRE(node.parent < id);
    REQUIRE(node.subtree_end <= tree[node.parent].subtree_end);
  }
}

}  // namespace

TEST_CASE("EveryExpressionHasItsRole") {
  struct Row {
    const char* source;
    const char* text;
    Role role;
  };
  const Row rows[] = {
      {"a < b", "a < b", Role::kCompare},
      {"a not in b", "a not in b", Role::kCompare},
      {"a + b", "a + b", Role::kBinary},
      {"a and b", "a and b", Role::kBoolean},
      {"not a", "not a", Role::kNot},
      {"-a", "-a", Role::kUnary},
      {"f(a)", "f(a)", Role::kCall},
      {"f(a)", "(a)", Role::kArguments},
      {"f(k=a)", "k=a", Role::kKeywordArgument},
      {"a[1]", "a[1]", Role::kSubscript},
      {"a[1:2]", "1:2", Role::kSlice},
      {"a.b", "a.b", Role::kAttribute},
      {"a if b else c", "a if b else c", Role::kConditional},
      {"(a)", "(a)", Role::kParenthesized},
      {"lambda x: x", "lambda x: x", Role::kLambda},
      {"[x for x in y if x]", "[x for x in y if x]", Role::kComprehension},
      {"f(x for x in y)", "(x for x in y)", Role::kGenerator},
      {"[x for x in y if x]", "for x in y", Role::kComprehensionFor},
      {"[x for x in y if x]", "if x", Role::kComprehensionIf},
      {"x = 1", "x = 1", Role::kAssignment},
      {"x += 1", "x += 1", Role::kAugmentedAssignment},
      {"1", "1", Role::kInteger},
      {"1.5", "1.5", Role::kFloat},
      {"'a'", "'a'", Role::kString},
      {"True", "True", Role::kTrue},
      {"False", "False", Role::kFalse},
      {"None", "None", Role::kNull},
      {"[1]", "[1]", Role::kList},
      {"(1, 2)", "(1, 2)", Role::kTuple},
      {"{1}", "{1}", Role::kSet},
      {"{1: 2}", "{1: 2}", Role::kDictionary},
      {"{1: 2}", "1: 2", Role::kPair},
      {"x = yield y", "yield y", Role::kYield},
      {"a, b = c", "a, b", Role::kPatternList},
      {"(a := 1)", "a := 1", Role::kNamedExpression},
      {"f'{a}'", "{a}", Role::kInterpolation},
  };
  for (const Row& row : rows) {
    CAPTURE(row.source);
    CHECK(HasRole(Parse(row.source), row.text, row.role));
  }
}

TEST_CASE("EveryStatementHasItsRole") {
  const std::pair<const char*, Role> rows[] = {
      {"def f(): pass", Role::kFunction},
      {"class A: pass", Role::kClass},
      {"return 1", Role::kReturn},
      {"if a: pass", Role::kIf},
      {"for a in b: pass", Role::kFor},
      {"while a: pass", Role::kWhile},
      {"break", Role::kBreak},
      {"continue", Role::kContinue},
      {"pass", Role::kPass},
      {"raise a", Role::kRaise},
      {"assert a", Role::kAssert},
      {"del a", Role::kDelete},
      {"try: a\nexcept B: c\nfinally: d", Role::kTry},
      {"with a as b: pass", Role::kWith},
      {"import a", Role::kImport},
      {"from a import b", Role::kImportFrom},
      {"global a", Role::kGlobal},
      {"a", Role::kExpressionStatement},
  };
  for (const auto& [source, role] : rows) {
    CAPTURE(source);
    SyntaxTree tree = Parse(source);
    CHECK_EQ(static_cast<int>(tree[1].role), static_cast<int>(role));
  }
}

TEST_CASE("LinesAreCountedFromOneAndEndAtTheLastByte") {
  SyntaxTree tree = Parse("a = 1\nif a:\n    b = 2\n");
  NodeId block = tree.Child(tree.Children(0)[1], Role::kBlock);
  CHECK_EQ(tree[tree.Children(0)[1]].line, 2);
  CHECK_EQ(tree[block].line, 3);
  CHECK_EQ(tree[block].end_line, 3);
}

TEST_CASE("CoveringFindsTheSmallestNode") {
  SyntaxTree tree = Parse("x = a + b * c\n");
  CHECK_EQ(tree.Text(tree.Covering(8, 13)), "b * c");
  CHECK_EQ(tree.Text(tree.Covering(4, 5)), "a");
}

TEST_CASE("BrokenTextGivesATreeWithErrors") {
  SyntaxTree tree = Parse("def f(:\n  return ]\n");
  CHECK(tree.HasErrors());
  CheckNesting(tree);
  Parser parser(Python());
  CHECK_FALSE(parser.Accepts("x = (a + "));
  CHECK_FALSE(parser.Accepts("if a\n    b"));
  CHECK(parser.Accepts("if a:\n    b\n"));
}

TEST_CASE("DeepNestingNeedsNoStack") {
  std::string brackets(10'000, '(');
  brackets += "1" + std::string(10'000, ')');
  SyntaxTree tree = Parse(brackets);
  CHECK_GT(tree.size(), 10'000u);
  CheckNesting(tree);
  std::string blocks;
  for (int i = 0; i < 200; ++i) blocks += std::string(static_cast<size_t>(i), ' ') + "if a:\n";
  CheckNesting(Parse(blocks + std::string(200, ' ') + "pass\n"));
  std::string chain = "x = a";
  for (int i = 0; i < 10'000; ++i) chain += " + a";
  CheckNesting(Parse(chain));
}

TEST_CASE("NotTextAtAllIsNoProblem") {
  std::string bytes;
  for (int i = 0; i < 4096; ++i) bytes += static_cast<char>(i * 37 % 256);
  CheckNesting(Parse(bytes));
  CheckNesting(Parse(std::string("\xff\xfe\0\0x", 5)));
  CheckNesting(Parse(""));
}

TEST_CASE("AFileOfFiveMegabytesParsesAndALargerOneIsRefused") {
  std::string text;
  while (text.size() < (5u << 20))
    text += StrCat("def f(a, b):\n    return a + b * [1, '", std::string(2000, 'x'), "'][0]\n\n\n");
  CHECK_GT(Parse(text).size(), 5'000u);
  auto refused = Parser(Python()).Parse(std::string(kSourceBytesMax + 1, '\n'));
  CHECK(absl::IsResourceExhausted(refused.status()));
}

}  // namespace coditect::analysis
