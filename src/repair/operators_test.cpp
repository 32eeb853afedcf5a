// Every operator undoes the slip it is for: the mended text is among its proposals.
#include <doctest/doctest.h>

#include <algorithm>

#include "src/repair/declared_names.h"
#include "src/repair/operator.h"

namespace coditect::repair {
namespace {

struct Row {
  std::string_view op;
  std::string before;
  std::string after;
  std::string_view path = "a.py";
};

SearchContext MakeContext() {
  SearchContext context;
  context.literals.expected_strings = {"'Yes'", "'No'", "'done.'"};
  context.literals.expected_numbers = {"17"};
  context.literals.argument_strings = {"'[x]'"};
  return context;
}

/// Every text an operator makes of `text`.
std::set<std::string> Results(std::string_view id, const std::string& text,
                              std::string_view path = "a.py") {
  std::vector<std::unique_ptr<SourceModel>> models;
  auto created = SourceModel::Create({std::string(path), text});
  REQUIRE(created.ok());
  models.push_back(*std::move(created));
  DeclareNames({}, models);
  const auto& source = models.front();
  SearchContext context = MakeContext();
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

/// A function around one body line, so that rows stay short.
std::string F(std::string_view body, std::string_view parameters = "a, b, xs") {
  return StrCat("def f(", parameters, "):\n    ", body, "\n");
}

const Row kRows[] = {
    {"compare.operator", F("return a < b"), F("return a <= b")},
    {"compare.operator", F("return a == b"), F("return a != b")},
    {"compare.operator", F("return a in xs"), F("return a not in xs")},
    {"compare.operator", F("return a is None"), F("return a is not None")},
    {"compare.operator", F("return a is b"), F("return a == b")},
    {"arithmetic.operator", F("return a + b"), F("return a - b")},
    {"arithmetic.operator", F("return a / b"), F("return a // b")},
    {"arithmetic.operator", F("a ^= b"), F("a &= b")},
    {"arithmetic.operator", F("a += b"), F("a -= b")},
    {"logical.operator", F("return a and b"), F("return a or b")},
    {"logical.operator", F("return a and b and xs"), F("return a or b or xs")},
    {"logical.negate", F("if a: return 1"), F("if not a: return 1")},
    {"logical.negate", F("if not a: return 1"), F("if a: return 1")},
    {"logical.negate", F("return [x for x in xs if x and a]"),
     F("return [x for x in xs if not (x and a)]")},
    {"off_by_one", F("return xs[a]"), F("return xs[a - 1]")},
    {"off_by_one", F("for i in range(len(xs)): pass"), F("for i in range(len(xs) - 1): pass")},
    {"off_by_one", F("return xs[a:b]"), F("return xs[a:b + 1]")},
    {"off_by_one", F("return a // (a - b)"), F("return a // (a - b + 1)")},
    {"constant.number", F("return 1"), F("return 0")},
    {"constant.number", F("return a[3]"), F("return a[2]")},
    {"constant.number", F("return a % 24"), F("return a % 26")},
    {"constant.number", F("return a * 1.5"), F("return a * 0.5")},
    {"constant.truth", F("return True"), F("return False")},
    {"constant.truth", F("return None"), F("return []")},
    {"constant.string", F("return ' '.join(a)"), F("return ''.join(a)")},
    {"constant.string", F("return a == '('"), F("return a == '['")},
    {"constant.string", F("return a == ' I'"), F("return a == 'I '")},
    {"variable.name", F("return a"), F("return b")},
    {"variable.name", F("a -= 1"), F("b -= 1")},
    {"variable.attribute", F("return a.x + a.y"), F("return a.y + a.y")},
    {"return.value", F("return f(a)"), F("return b")},
    {"constant.name", "class Color:\n    RED = 1\n    BLUE = 2\ndef f():\n    return Color.RED\n",
     "class Color:\n    RED = 1\n    BLUE = 2\ndef f():\n    return Color.BLUE\n"},
    {"call.sibling", F("return min(xs)"), F("return max(xs)")},
    {"call.sibling", F("return a.lower()"), F("return a.upper()")},
    {"call.sibling", F("return a.startswith(b)"), F("return a.endswith(b)")},
    {"call.sibling", F("add = xs.append\n    add(a)\n    len(b)"),
     F("add = xs.append\n    add(a)\n    add(b)")},
    {"call.unwrap", F("return sorted(xs)"), F("return xs")},
    {"call.unwrap", F("return xs.sort(key=len)"), F("return xs")},
    {"call.unwrap", F("return xs[0]"), F("return xs")},
    {"call.arguments", F("return sorted(xs)"), F("return sorted(xs, reverse=True)")},
    {"call.arguments", F("return max(a, b)"), F("return max(a)")},
    {"call.arguments", F("for i in range(a): pass"), F("for i in range(1, a): pass")},
    {"order.arguments", F("return pow(a, b)"), F("return pow(b, a)")},
    {"order.operands", F("return a - b"), F("return b - a")},
    {"order.operands", F("return a in b"), F("return b in a")},
    {"order.operands", F("return 1 if a else 2"), F("return 2 if a else 1")},
    {"order.elements", F("return a, b"), F("return b, a")},
    {"order.elements", F("return xs[a][b]"), F("return xs[b][a]")},
    {"order.elements", F("return {a: b}"), F("return {b: a}")},
    {"expression.drop", F("return a % 1 + 1"), F("return a % 1")},
    {"expression.drop", F("return a + b + b + a"), F("return a + b")},
    {"expression.drop", F("return (-1) ** 2 * len(xs)"), F("return (-1) ** len(xs)")},
    {"unary.operator", F("return a"), F("return -a")},
    {"unary.operator", F("return -a"), F("return a")},
    {"precedence.group", F("return a + b * 2"), F("return (a + b) * 2")},
    {"precedence.group", F("return a * b + 2"), F("return a * (b + 2)")},
    {"precedence.group", F("return (a + b) * 2"), F("return a + b * 2")},
    {"precedence.group", F("return not a or b"), F("return not (a or b)")},
    {"assignment.kind", F("a = b"), F("a += b")},
    {"assignment.kind", F("a += b"), F("a = b")},
    {"declared.type", "int f(std::vector<int> xs) {\n    xs.clear();\n}\n",
     "int f(std::vector<int>& xs) {\n    xs.clear();\n}\n", "a.cpp"},
    {"declaration.kind", "int f(int n) {\n    if (n) {\n        int n = 1;\n    }\n}\n",
     "int f(int n) {\n    if (n) {\n        n = 1;\n    }\n}\n", "a.cpp"},
    {"slice.change", F("return xs[:a]"), F("return xs[a:]")},
    {"slice.change", F("return xs[1:a]"), F("return xs[:a]")},
    {"slice.change", F("return xs[a]"), F("return xs[a:]")},
    {"slice.change", F("return xs[::2]"), F("return xs[1::2]")},
    {"generator.delegate", F("yield a"), F("yield from a")},
    {"generator.delegate", F("yield from a"), F("yield a")},
    {"jump.kind", F("for x in xs: break"), F("for x in xs: continue")},
    {"jump.kind", F("f(a)"), F("return f(a)")},
    {"statement.delete", F("a = 1\n    b = 2"), F("b = 2")},
    {"statement.delete", F("if a:\n        return 1\n    return 2"), F("return 2")},
    {"statement.delete", F("if a:\n        a += 1"), F("if a:\n        pass")},
    {"statement.move", F("a = 1\n    b = 2"), F("b = 2\n    a = 1")},
    {"statement.indent", F("for x in xs:\n        a += x\n        return a"),
     F("for x in xs:\n        a += x\n    return a")},
    {"statement.indent", F("for x in xs:\n        a += x\n    b += 1"),
     F("for x in xs:\n        a += x\n        b += 1")},
    {"statement.indent", F("for x in xs:\n        a = 0\n        b += x"),
     F("a = 0\n    for x in xs:\n        b += x")},
    {"block.unwrap", F("if a:\n        b = 1"), F("b = 1")},
    {"block.unwrap", F("if a:\n        b = 1\n    if b:\n        a = 1"),
     F("if a:\n        b = 1\n    elif b:\n        a = 1")},
    {"literal.swap", F("if a: return True\n    return False"),
     F("if a: return False\n    return True")},
    {"literal.everywhere", F("if a: return ' '\n    return ' '"),
     F("if a: return ''\n    return ''")},
    {"literal.everywhere", F("return 'yes' if a else 'no'"), F("return 'Yes' if a else 'No'")},

    {"call.wrap", F("return a - b"), F("return abs(a - b)")},
    {"call.wrap", F("return xs"), F("return sorted(xs)")},
    {"call.wrap", "def g(x): return x\ndef f(a): return g(a)\n",
     "def g(x): return x\ndef f(a): return g(g(a))\n"},
    {"call.method", F("return a", "a: str"), F("return a.lower()", "a: str")},
    {"donor.expression", F("b = len(xs) - 1\n    return xs[a]"),
     F("b = len(xs) - 1\n    return xs[len(xs) - 1]")},
    {"condition.extend", F("if a == 1: return 1\n    if b == 0: return 2"),
     F("if a == 1 or b == 0: return 1\n    if b == 0: return 2")},
    {"condition.extend", "def p(x): return x\ndef f(a):\n    if a > 0: return 1\n",
     "def p(x): return x\ndef f(a):\n    if a > 0 and p(a): return 1\n"},
    {"condition.replace", F("if a: return 1"), F("if a == b: return 1")},
    {"condition.symmetric", F("return a + b == xs or b + xs == a"),
     F("return a + b == xs or b + xs == a or a + xs == b")},
    {"compare.chain", F("return a < 3", "a: int"), F("return 0 <= a < 3", "a: int")},
    {"comprehension.filter", F("return [x for x in xs]"), F("return [x for x in xs if x > 0]")},
    {"sort.key", F("return sorted(xs)"), F("return sorted(xs, key=len)")},
    {"sort.key", F("t = {}\n    return ' '.join([x for x in xs])"),
     F("t = {}\n    return ' '.join(sorted([x for x in xs], key=lambda x: t[x]))")},
    {"slice.add", F("return [x for x in xs]"), F("return [x for x in xs][1:]")},
    {"slice.add", F("return g(xs)", "xs: str, i: int"), F("return g(xs[i:])", "xs: str, i: int")},
    {"index.add", F("return a", "a: list, i: int"), F("return a[i]", "a: list, i: int")},
    {"expression.atom", F("return a", "a: int"), F("return a * 2", "a: int")},
    {"expression.atom", F("return a", "a: int, b: int"), F("return a - b", "a: int, b: int")},
    {"literal.expected", F("return 'yes'"), F("return 'Yes'")},
    {"literal.expected", F("return 3"), F("return 17")},
    {"literal.expected", F("return a == '('"), F("return a == '['")},
    {"literal.affix", F("return a", "a: str"), F("return a + '.'", "a: str")},
    {"name.swap", F("return g(a) - h(b)"), F("return g(b) - h(a)")},
    {"guard.wrap", F("a += 1"), F("if a == b:\n        a += 1")},
    {"guard.insert", F("return 1 // a", "a: int"),
     F("if a == 0:\n        return 0\n    return 1 // a", "a: int")},
    {"guard.insert", F("for x in xs:\n        a += x"),
     F("for x in xs:\n        if not x:\n            continue\n        a += x")},
    {"statement.insert", F("r = []\n    r.append(b)\n    return r", "b, xs: list"),
     F("r = []\n    r.append(b)\n    r.append(xs[-1])\n    return r", "b, xs: list")},
    {"guarded.insert", "int f(int a, int b) {\n    a += b;\n    return a;\n}\n",
     "int f(int a, int b) {\n    a += b;\n    if (a > b) {\n        a += a;\n    }\n"
     "    return a;\n}\n",
     "a.cpp"},
    {"assignment.insert", F("while a < b:\n        print(a)", "a: int, b: int"),
     F("while a < b:\n        print(a)\n        a += 1", "a: int, b: int")},
    {"else.insert", F("n = m = 0\n    if a:\n        n += 1\n    return n, m"),
     F("n = m = 0\n    if a:\n        n += 1\n    else:\n        m += 1\n    return n, m")},
    {"synthesis.small", F("return g('a')", "a: str"), F("return g(a.encode())", "a: str")},
    {"synthesis.binary", F("return a", "a: int, b: int, c: int"),
     F("return b - c", "a: int, b: int, c: int")},
};

}  // namespace

TEST_CASE("TheMendedTextIsAmongTheProposals") {
  for (const Row& row : kRows) {
    CAPTURE(row.op);
    CAPTURE(row.before);
    CAPTURE(row.after);
    auto results = Results(row.op, row.before, row.path);
    CHECK(results.contains(row.after));
    CHECK_FALSE(results.contains(row.before));
  }
}

TEST_CASE("EveryOperatorHasARowAndASaneRank") {
  std::set<std::string_view> ids;
  for (const Operator& op : Operators()) {
    CAPTURE(op.id);
    CHECK(ids.insert(op.id).second);
    CHECK_GT(op.prior, 0);
    CHECK_LE(op.prior, 1);
    CHECK((op.generate != nullptr));
    CHECK(op.space != Space::kPairs);
    CHECK(std::any_of(std::begin(kRows), std::end(kRows),
                      [&](const Row& row) { return row.op == op.id; }));
  }
}

TEST_CASE("KnownKindsKeepNonsenseOut") {
  auto texts = Results("call.method", F("return a", "a: int"));
  CHECK_FALSE(texts.contains(F("return a.lower()", "a: int")));
}

TEST_CASE("ANameOfTheSameKindComesFirst") {
  std::string text = F("return xs[i] + c", "i: int, c: int, xs: list");
  auto source = SourceModel::Create({"a.py", text});
  REQUIRE(source.ok());
  SearchContext context = MakeContext();
  Site site(**source, 1, context);
  Proposals proposals(**source);
  for (const Operator& op : Operators()) {
    if (op.id == "variable.name") op.generate(site, proposals);
  }
  auto items = proposals.Take();
  auto place = [&](std::string_view body) {
    return std::find_if(items.begin(), items.end(),
                        [&](const Proposal& proposal) {
                          return Apply(text, proposal.splices) ==
                                 F(body, "i: int, c: int, xs: list");
                        }) -
           items.begin();
  };
  CHECK_LT(place("return xs[c] + c"), place("return xs[xs] + c"));
  CHECK_LT(place("return xs[xs] + c"), static_cast<long>(items.size()));
}

TEST_CASE("ParenthesesAppearOnlyWhereTheyAreNeeded") {
  CHECK(Results("logical.negate", F("if a == b and xs: return 1"))
            .contains(F("if not (a == b and xs): return 1")));
  CHECK(Results("call.unwrap", F("return abs(a - b) * 2")).contains(F("return (a - b) * 2")));
  CHECK(Results("call.unwrap", F("return abs(a - b)")).contains(F("return a - b")));
}

}  // namespace coditect::repair
