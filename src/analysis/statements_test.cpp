// Lines map to statements, clauses included.
#include "src/analysis/statements.h"

#include <doctest/doctest.h>

#include "src/analysis/languages/languages.h"

namespace coditect::analysis {
namespace {

constexpr char kSource[] =
    "\"\"\"Documentation.\"\"\"\n"  // 1
    "def f(a,\n"                    // 2
    "      b):\n"                   // 3
    "    \"\"\"More.\"\"\"\n"       // 4
    "    if a:  # why\n"            // 5
    "        x = [1,\n"             // 6
    "             2]\n"             // 7
    "    elif b:\n"                 // 8
    "        return 2; y = 3\n"     // 9
    "    else:\n"                   // 10
    "        pass\n"                // 11
    "    return x\n";               // 12

SyntaxTree Parse(std::string text) {
  auto tree = Parser(Python()).Parse(std::move(text));
  REQUIRE(tree.ok());
  return std::move(tree).value();
}

}  // namespace

TEST_CASE("ExecutableLinesLeaveOutDocumentationAndBareClauses") {
  CHECK_EQ(ExecutableLines(Parse(kSource)), std::vector<uint32_t>{2, 5, 6, 8, 9, 11, 12});
}

TEST_CASE("StatementsOfCppStandInBlocksSectionsAndAlone") {
  auto tree = Parser(Cpp()).Parse(
      "#ifndef A_H\n"                             // 1
      "#define A_H 1\n"                           // 2
      "namespace n {\n"                           // 3
      "template <typename T>\n"                   // 4
      "int f(std::vector<std::vector<T>> x) {\n"  // 5
      "  int a = 1,\n"                            // 6
      "      b;\n"                                // 7
      "  for (int i = 0; i < 3; i++)\n"           // 8
      "    if (i) a++;\n"                         // 9
      "    else b--;\n"                           // 10
      "  do {\n"                                  // 11
      "    a--;\n"                                // 12
      "  } while (a > 0);\n"                      // 13
      "  switch (a) {\n"                          // 14
      "    case 1:\n"                             // 15
      "      return 1;\n"                         // 16
      "  }\n"                                     // 17
      "  return [&](int q) {\n"                   // 18
      "    return q;\n"                           // 19
      "  }(a);\n"                                 // 20
      "}\n"                                       // 21
      "}\n"
      "#endif\n");
  REQUIRE(tree.ok());
  CHECK_FALSE(tree->HasErrors());
  CHECK_EQ(ExecutableLines(*tree), std::vector<uint32_t>{5, 6, 8, 9, 10, 12, 13, 14, 16, 18, 19});
  auto statements = Statements(*tree);
  auto text = [&](uint32_t line) -> std::string {
    int at = StatementAtLine(statements, line);
    if (at < 0) return "";
    const Statement& found = statements[static_cast<size_t>(at)];
    uint32_t start = (*tree)[found.node].start;
    return tree->text().substr(start, found.header_end - start);
  };
  CHECK_EQ(text(2), "");
  CHECK_EQ(text(7), "int a = 1,\n      b;");
  CHECK_EQ(text(8), "for (int i = 0; i < 3; i++)");
  CHECK_EQ(text(9), "if (i)");
  CHECK_EQ(text(13), "(a > 0)");
  CHECK_EQ(text(15), "case 1:");
  CHECK_EQ(text(19), "return q;");
  CHECK_EQ(text(21), "");
}

TEST_CASE("ALineBelongsToTheStatementWhoseTextHoldsIt") {
  SyntaxTree tree = Parse(kSource);
  auto statements = Statements(tree);
  auto at = [&](uint32_t line) {
    int index = StatementAtLine(statements, line);
    return index < 0 ? std::string() : std::string(tree.Text(statements[index].node)).substr(0, 6);
  };
  CHECK_EQ(at(3), "def f(");
  CHECK_EQ(at(5), "if a: ");
  CHECK_EQ(at(7), "x = [1");
  CHECK_EQ(at(8), "elif b");
  CHECK_EQ(at(9), "return");
  CHECK_EQ(at(12), "return");
  CHECK_EQ(StatementAtLine(statements, 99), -1);
}

TEST_CASE("AHeaderEndsBeforeItsBlock") {
  SyntaxTree tree = Parse(kSource);
  for (const Statement& statement : Statements(tree)) {
    if (tree[statement.node].role != Role::kIf) continue;
    CHECK_EQ(tree.text().substr(tree[statement.node].start,
                                statement.header_end - tree[statement.node].start),
             "if a:");
  }
}

TEST_CASE("IndentOfSeesWhetherTheStatementHasItsOwnLine") {
  SyntaxTree tree = Parse(kSource);
  auto statements = Statements(tree);
  std::string_view indent;
  CHECK(IndentOf(tree, statements[static_cast<size_t>(StatementAtLine(statements, 9))].node,
                 &indent));
  CHECK_EQ(indent, "        ");
  bool own = true;
  for (const Statement& statement : statements) {
    if (tree.Text(statement.node) == "y = 3") own = IndentOf(tree, statement.node, &indent);
  }
  CHECK_FALSE(own);
}

}  // namespace coditect::analysis
