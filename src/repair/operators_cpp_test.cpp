// The operators on C and C++: the mended text is among their proposals, and what they write is of
// the language.
#include <doctest/doctest.h>

#include <algorithm>

#include "src/repair/declared_names.h"
#include "src/repair/operator.h"
#include "src/repair/single_stream.h"

namespace coditect::repair {
namespace {

struct CppRow {
  std::string_view op;
  std::string before;
  std::string after;
  std::string_view path = "a.cpp";
};

const SourceText kHeader = {"box.h",
                            "enum Side { LEFT, RIGHT, TOP };\n"
                            "enum class Mode { kRead, kWrite };\n"
                            "#define FLAG_A 1\n"
                            "#define FLAG_B 2\n"
                            "int lower(int a, int b);\n"
                            "int upper(int a, int b = 0);\n"
                            "int other(int a, int b, int c);\n"
                            "class Box {\n"
                            " public:\n"
                            "  int width(int a) const;\n"
                            "  int height(int a) const;\n"
                            "};\n"
                            "class Lid { int depth(int a); };\n"};

/// A file that includes the header.
std::string H(std::string_view body) {
  return StrCat("#include \"box.h\"\nint f(Box& box, int a, int b) {\n  ", body, "\n}\n");
}

std::set<std::string> CppResults(std::string_view id, const std::string& text,
                                 std::string_view path = "a.cpp") {
  std::vector<std::unique_ptr<SourceModel>> models;
  auto created = SourceModel::Create({std::string(path), text});
  REQUIRE(created.ok());
  models.push_back(*std::move(created));
  DeclareNames({kHeader}, models);
  const auto& source = models.front();
  SearchContext context;
  context.literals.expected_strings = {"\"Yes\"", "\"done.\""};
  context.literals.expected_numbers = {"17"};
  std::set<std::string> out;
  for (const Operator& op : Operators()) {
    if (op.id != id) continue;
    for (size_t i = 0; i < source->statements().size(); ++i) {
      Site site(*source, i, context);
      Proposals proposals(*source);
      op.generate(site, proposals);
      for (const Proposal& proposal : proposals.Take()) out.insert(Apply(text, proposal.splices));
    }
  }
  return out;
}

/// Every text the search would try, in its order.
std::vector<std::string> Stream(const std::string& text, std::string_view path = "a.cpp") {
  std::vector<std::unique_ptr<SourceModel>> sources;
  auto source = SourceModel::Create({std::string(path), text});
  REQUIRE(source.ok());
  sources.push_back(std::move(*source));
  std::vector<SuspiciousLine> lines;
  for (const Statement& statement : sources[0]->statements())
    lines.push_back({std::string(path), statement.first_line, 1.0, "", 1, 1});
  SearchContext context;
  SingleStream stream(sources, lines, context, [](const Operator&) { return true; }, 1);
  std::vector<std::string> out;
  for (size_t i = 0; i < 20'000; ++i) {
    auto single = stream.Next();
    if (!single) break;
    out.push_back(Apply(text, single->splices));
  }
  return out;
}

/// A function around a body, so that rows stay short.
std::string F(std::string_view body,
              std::string_view parameters = "int a, int b, std::vector<int> xs") {
  return StrCat("int f(", parameters, ") {\n    ", body, "\n}\n");
}
std::string S(std::string_view body) { return F(body, "std::string s, char c, int i"); }

const CppRow kCppRows[] = {
    {"compare.operator", F("return a < b;"), F("return a <= b;")},
    {"compare.operator", F("for (int i = 0; i < a; i++) b++;"),
     F("for (int i = 0; i <= a; i++) b++;")},
    {"compare.operator", F("do { a++; } while (a < b);"), F("do { a++; } while (a <= b);")},
    {"arithmetic.operator", F("return a + b;"), F("return a - b;")},
    {"arithmetic.operator", F("a += b;"), F("a -= b;")},
    {"arithmetic.operator", F("a++;"), F("a--;")},
    {"arithmetic.operator", F("return a ^ b;", "int a, int b"), F("return a & b;", "int a, int b"),
     "a.c"},
    {"logical.operator", F("return a && b;"), F("return a || b;")},
    {"logical.operator", F("return a and b and a;"), F("return a or b or a;")},
    {"logical.negate", F("if (a < b) return 1;"), F("if (!(a < b)) return 1;")},
    {"logical.negate", F("if (!a) return 1;"), F("if (a) return 1;")},
    {"off_by_one", F("return xs[a];"), F("return xs[a - 1];")},
    {"off_by_one", F("for (int i = 0; i < xs.size(); i++) b++;"),
     F("for (int i = 0; i < xs.size() - 1; i++) b++;")},
    {"constant.number", F("return 1;"), F("return 0;")},
    {"constant.number", F("for (int i = 1; i < a; i++) b++;"),
     F("for (int i = 0; i < a; i++) b++;")},
    {"constant.number", F("return a * 1.5;"), F("return a * 0.5;")},
    {"constant.number", F("return a / 2;"), F("return a / 2.0;")},
    {"constant.truth", F("return true;"), F("return false;")},
    {"constant.string", S("return s == \" \";"), S("return s == \"\";")},
    {"constant.string", S("return c == '(';"), S("return c == '[';")},
    {"constant.string", S("return c == 'a';"), S("return c == 'A';")},
    {"variable.name", F("return a;"), F("return b;")},
    {"variable.attribute", F("return p.x + p.y;", "point p"), F("return p.y + p.y;", "point p")},
    {"return.value", F("return f(a, a, xs);"), F("return b;")},
    {"call.sibling", F("return std::min(a, b);"), F("return std::max(a, b);")},
    {"call.sibling", F("xs.push_back(a);"), F("xs.push_front(a);")},
    {"call.sibling", S("return isupper(c);"), S("return islower(c);")},
    {"call.sibling", H("return lower(a, b);"), H("return upper(a, b);")},
    {"call.sibling", H("return box.width(a);"), H("return box.height(a);")},
    {"constant.name", H("return a == LEFT;"), H("return a == TOP;")},
    {"constant.name", H("return Mode::kRead == a;"), H("return Mode::kWrite == a;")},
    {"constant.name", H("return a & FLAG_A;"), H("return a & FLAG_B;")},
    {"call.unwrap", F("return abs(a);"), F("return a;")},
    {"call.unwrap", F("return (double)a;"), F("return a;")},
    {"call.arguments", F("return pow(a, b);"), F("return pow(a);")},
    {"order.arguments", F("return pow(a, b);"), F("return pow(b, a);")},
    {"order.operands", F("return a - b;"), F("return b - a;")},
    {"order.operands", F("return a ? 1 : 2;"), F("return a ? 2 : 1;")},
    {"order.elements", F("return xs[a][b];"), F("return xs[b][a];")},
    {"order.elements", F("return {a, b};"), F("return {b, a};")},
    {"expression.drop", F("return a % b + 1;"), F("return a % b;")},
    {"unary.operator", F("return -a;"), F("return a;")},
    {"precedence.group", F("return a + b * 2;"), F("return (a + b) * 2;")},
    {"assignment.kind", F("a = b;"), F("a += b;")},
    {"assignment.kind", F("for (int i = 0; i < a; i++) b++;"),
     F("for (int i = 0; i < a; i += 2) b++;")},
    {"declared.type", F("int n = a * b;"), F("long long n = a * b;")},
    {"declared.type", F("for (auto x : xs) x++;"), F("for (auto& x : xs) x++;")},
    {"declaration.kind", F("{ int a; }"), F("{ ; }")},
    {"jump.kind", F("while (a) break;"), F("while (a) continue;")},
    {"jump.kind", F("f(a, b, xs);"), F("return f(a, b, xs);")},
    {"jump.kind",
     F("switch (a) {\n    case 1:\n        b = 2;\n    case 2:\n        b = 3;\n    }"),
     F("switch (a) {\n    case 1:\n        b = 2;\n        break;\n    case 2:\n        b = 3;\n"
       "    }")},
    {"statement.delete", F("a = 1;\n    b = 2;"), F("b = 2;")},
    {"statement.delete", F("a = 1; b = 2;"), F("a = 1; ")},
    {"statement.delete", F("if (a) b = 2;"), F("if (a) ;")},
    {"statement.delete", F("if (a) {\n        b = 2;\n    } else {\n        b = 3;\n    }"),
     F("if (a) {\n        b = 2;\n    } ")},
    {"statement.move", F("a = 1;\n    b = 2;"), F("b = 2;\n    a = 1;")},
    {"statement.indent", F("for (int x : xs) {\n        a += x;\n        return a;\n    }"),
     F("for (int x : xs) {\n        a += x;\n    }\n    return a;")},
    {"statement.indent", F("for (int x : xs) {\n        a += x;\n    }\n    b++;"),
     F("for (int x : xs) {\n        a += x;\n        b++;\n    }")},
    {"block.unwrap", F("if (a) {\n        b = 1;\n    }"), F("b = 1;")},
    {"block.unwrap", F("if (a) b = 1;\n    if (b) a = 1;"),
     F("if (a) b = 1;\n    else if (b) a = 1;")},
    {"literal.swap", F("if (a) return true;\n    return false;"),
     F("if (a) return false;\n    return true;")},
    {"literal.everywhere", S("if (i) return g(\" \");\n    return g(\" \");"),
     S("if (i) return g(\"\");\n    return g(\"\");")},

    {"call.wrap", F("return a - b;"), F("return std::abs(a - b);")},
    {"call.wrap", StrCat("using namespace std;\n", F("return a - b;")),
     StrCat("using namespace std;\n", F("return abs(a - b);"))},
    {"call.method", S("return g(s);"), S("return g(s.size());")},
    {"donor.expression", F("b = xs.size() - 1;\n    return xs[a];"),
     F("b = xs.size() - 1;\n    return xs[xs.size() - 1];")},
    {"condition.extend", F("if (a == 1) return 1;\n    if (b == 0) return 2;"),
     F("if (a == 1 || b == 0) return 1;\n    if (b == 0) return 2;")},
    {"condition.replace", F("while (a) b++;"), F("while (a == b) b++;")},
    {"condition.symmetric", F("return a + b == c || b + c == a;", "int a, int b, int c"),
     F("return a + b == c || b + c == a || a + c == b;", "int a, int b, int c")},
    {"slice.add", S("return g(s);"), S("return g(s.substr(i));")},
    {"index.add", F("return g(xs);"), F("return g(xs[a]);")},
    {"expression.atom", F("return a;"), F("return a / b;")},
    {"literal.everywhere", S("return c == '(' || s[i] == ')';"),
     S("return c == '[' || s[i] == ']';")},
    {"literal.expected", S("return g(\"yes\");"), S("return g(\"Yes\");")},
    {"literal.affix", S("return g(s);"), S("return g(s + \".\");")},
    {"name.swap", F("return g(a) - h(b);"), F("return g(b) - h(a);")},
    {"guard.wrap", F("a += 1;"), F("if (a == b) {\n        a += 1;\n    }")},
    {"guard.wrap", F("for (;;) a += 1;"), F("for (;;) { if (a == b) {\n        a += 1;\n    } }")},
    {"guard.insert", F("return 1 / a;"),
     F("if (a == 0) {\n        return 0;\n    }\n    return 1 / a;")},
    {"guard.insert", S("return s[i];"),
     S("if (s.size() == 0) {\n        return 0;\n    }\n    return s[i];")},
    {"statement.insert", F("xs.push_back(a);\n    return a;"),
     F("xs.push_back(a);\n    xs.push_back(b);\n    return a;")},
    {"assignment.insert", F("while (a < b) {\n        g(a);\n    }"),
     F("while (a < b) {\n        g(a);\n        a++;\n    }")},
    {"assignment.insert", F("while (a < b) g(a);"), F("while (a < b) { g(a); a++; }")},
    {"else.insert", F("if (a) {\n        a += 1;\n    }\n    return b;"),
     F("if (a) {\n        a += 1;\n    } else {\n        b += 1;\n    }\n    return b;")},
    {"else.insert", F("for (int x : xs) if (x) a++;"),
     F("for (int x : xs) if (x) a++; else {\n        b++;\n    }")},
    {"synthesis.small", S("return g(i);"), S("return g(s.size());")},
    {"synthesis.binary", F("return a;", "int a, int b, int c"),
     F("return b / c;", "int a, int b, int c")},
};

}  // namespace

TEST_CASE("TheMendedCppTextIsAmongTheProposals") {
  for (const CppRow& row : kCppRows) {
    CAPTURE(row.op);
    CAPTURE(row.before);
    CAPTURE(row.after);
    auto results = CppResults(row.op, row.before, row.path);
    CHECK(results.contains(row.after));
    CHECK_FALSE(results.contains(row.before));
  }
}

TEST_CASE("NothingOfAnotherLanguageIsWritten") {
  const std::string text =
      "#include <string>\n"
      "#include <vector>\n"
      "int f(int a, std::string s, std::vector<int> xs) {\n"
      "    int n = 0;\n"
      "    for (int x : xs) {\n"
      "        if (x < a) n += x / 2;\n"
      "    }\n"
      "    if (s == \"a\") return n;\n"
      "    return xs[0];\n"
      "}\n";
  auto texts = Stream(text);
  CHECK_GT(texts.size(), 2000);
  for (std::string_view foreign :
       {"//", "**", " and ", " not ", " is ", "None", "True", "[-1]", "[]", "''", "len(", "elif",
        "pass", "  ;", "yield", "[1:]", " in "}) {
    CAPTURE(foreign);
    CHECK(std::none_of(texts.begin(), texts.end(), [&](const std::string& one) {
      return one.find(foreign) != std::string::npos;
    }));
  }
}

TEST_CASE("EveryCandidateParses") {
  const std::string text =
      "namespace n {\n"
      "template <typename T>\n"
      "struct Box {\n"
      "    explicit Box(int size) : size_(size), low_(size / 2) {}\n"
      "    int half() const { return size_ / 2; }\n"
      "    std::vector<std::vector<T>> rows{};\n"
      "    int size_ = 3, low_ = 0;\n"
      "};\n"
      "}\n"
      "int g(int a) {\n"
      "    auto twice = [&](int x) { return x * 2 + a; };\n"
      "    do { a -= 1; } while (a > 3 && !twice(a));\n"
      "    switch (a) {\n"
      "    case 1: return 2;\n"
      "    default: a++;\n"
      "    }\n"
      "    return a >> 1;\n"
      "}\n";
  analysis::Parser parser(*analysis::LanguageOf("a.cpp"));
  REQUIRE(parser.Accepts(text));
  auto texts = Stream(text);
  CHECK_GT(texts.size(), 1000);
  for (size_t i = 0; i < texts.size(); i += 7) {
    CAPTURE(texts[i]);
    CHECK(parser.Accepts(texts[i]));
  }
}

TEST_CASE("ThePreprocessorIsNeverEdited") {
  const std::string text =
      "#pragma once\n"
      "#define LIMIT(x) ((x) > 3 ? 1 : 2)\n"
      "#if VERSION > 2\n"
      "int f(int a, int b) {\n"
      "    a += 1;\n"
      "#ifdef DEBUG\n"
      "    b += 1;\n"
      "#elif LEVEL < 3\n"
      "    b += 2;\n"
      "#endif\n"
      "    if (a) {\n"
      "        b = 3;\n"
      "#ifdef DEBUG\n"
      "        b = 4;\n"
      "#endif\n"
      "    }\n"
      "    return b;\n"
      "}\n"
      "#endif\n";
  auto directives = [](const std::string& one) {
    std::vector<std::string> out;
    for (const std::string& line : Split(one, '\n')) {
      if (line.starts_with("#")) out.push_back(line);
    }
    return out;
  };
  auto texts = Stream(text);
  CHECK_GT(texts.size(), 500);
  for (const std::string& one : texts) CHECK(directives(one) == directives(text));
}

TEST_CASE("BrokenCodeAroundIsLeftAlone") {
  const std::string text =
      "int f(int a) { return a + 1; }\n"
      "MACRO_WITHOUT_END(x y\n"
      "int g(int a, int b) {\n"
      "    int ) c = ;\n"
      "    return a - b;\n"
      "}\n";
  for (const std::string& one : Stream(text)) {
    CHECK(one.find("MACRO_WITHOUT_END(x y\n") != std::string::npos);
    CHECK(one.find("int ) c = ;") != std::string::npos);
  }
}

TEST_CASE("AMacroThatDoesNotParseHindersNoEditBesideIt") {
  const std::string text =
      "int g(int a, int b) {\n"
      "    ASSIGN_OR_RETURN(const auto* c, a.h(b.c));\n"
      "    while (a > b) {\n"
      "        a -= 1;\n"
      "        b += 2;\n"
      "    }\n"
      "    return a - b;\n"
      "}\n";
  auto texts = Stream(text);
  for (std::string_view wanted :
       {"a -= 1;\n    }\n    b += 2;", "return b - a;", "if (a == b) {\n            continue;"}) {
    CAPTURE(wanted);
    CHECK(std::any_of(texts.begin(), texts.end(), [&](const std::string& one) {
      return one.find(wanted) != std::string::npos;
    }));
  }
}

TEST_CASE("LiteralsKeepTheirForm") {
  const std::string text =
      "#include <string>\n"
      "std::string f(int a) {\n"
      "    std::string s = R\"(a \"b\"\n"
      "    c)\";\n"
      "    s += \"\xc3\xa4\xc3\xb6\";\n"
      "    if (a == 'x') s += \"it's\";\n"
      "    return s;\n"
      "}\n";
  for (const std::string& one : Stream(text)) {
    bool whole = one.find("R\"(a \"b\"\n    c)\"") != std::string::npos;
    CHECK((whole || one.find("R\"") == std::string::npos));
    CHECK(one.find("''") == std::string::npos);
  }
}

TEST_CASE("ACodeOfKAndRIsSearched") {
  const std::string text =
      "int f(a, b)\n"
      "    int a;\n"
      "    int b;\n"
      "{\n"
      "    return a - b;\n"
      "}\n";
  auto results = CppResults("order.operands", text, "a.c");
  CHECK(std::any_of(results.begin(), results.end(), [](const std::string& one) {
    return one.find("return b - a;") != std::string::npos;
  }));
}

TEST_CASE("PrecedenceOfTheLanguageIsKept") {
  CHECK(
      CppResults("call.unwrap", F("return abs(a & b) == 2;")).contains(F("return (a & b) == 2;")));
  CHECK(CppResults("logical.negate", F("if (a == b) return 1;"))
            .contains(F("if (!(a == b)) return 1;")));
  CHECK(CppResults("logical.negate", F("while (f(a, b, xs)) b++;"))
            .contains(F("while (!f(a, b, xs)) b++;")));
}

TEST_CASE("DeclaredTypesKeepNonsenseOut") {
  auto source = SourceModel::Create(
      {"a.cpp",
       "struct Pair { double left; };\n"
       "int f(const std::string& s, std::vector<std::string> words, std::map<int, double> m,\n"
       "      char* p, int grid[3][3]) {\n"
       "    auto w = words[0];\n"
       "    for (const auto& word : words) { g(word); }\n"
       "    return h(s[0], w, m[1], *p, grid[0][1], static_cast<double>(1), words.back());\n"
       "}\n"});
  REQUIRE(source.ok());
  const auto& tree = (*source)->tree();
  std::map<std::string, Kinds> kinds;
  for (NodeId id = 0; id < tree.size(); ++id)
    kinds[std::string(tree.Text(id))] |= (*source)->KindsOf(id);
  CHECK_EQ(kinds["s[0]"], analysis::kLetter);
  CHECK_EQ(kinds["w"], analysis::kText);
  CHECK_EQ(kinds["word"], analysis::kText);
  CHECK_EQ(kinds["m[1]"], analysis::kReal);
  CHECK_EQ(kinds["*p"], analysis::kLetter);
  CHECK_EQ(kinds["grid[0][1]"], analysis::kInt);
  CHECK_EQ(kinds["static_cast<double>(1)"], analysis::kReal);
  CHECK_EQ(kinds["words.back()"], analysis::kText);
}

TEST_CASE("WhatHeadersDeclareStandsOnlyWhereItFits") {
  const auto calls = CppResults("call.sibling", H("return lower(a, b);"));
  CHECK_FALSE(calls.contains(H("return other(a, b);")));
  CHECK_FALSE(calls.contains(H("return width(a, b);")));
  const auto methods = CppResults("call.sibling", H("return box.width(a);"));
  CHECK_FALSE(methods.contains(H("return box.depth(a);")));
  CHECK_FALSE(methods.contains(H("return box.upper(a);")));
  const std::string apart = "int f(int a, int b) { return lower(a, b); }\n";  // nothing included
  CHECK_FALSE(
      CppResults("call.sibling", apart).contains("int f(int a, int b) { return upper(a, b); }\n"));
}

}  // namespace coditect::repair
