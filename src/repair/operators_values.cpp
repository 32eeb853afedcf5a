// Operators on values: off by one, constants, names, what is returned.
#include <algorithm>
#include <cctype>
#include <charconv>

#include "src/base/strings.h"
#include "src/repair/operators.h"

namespace coditect::repair {
namespace {

using analysis::Field;
using analysis::NameOrigin;
using analysis::SyntaxTree;

/// How often an expression in this place is off by one.
double PositionFactor(const SyntaxTree& tree, NodeId id) {
  switch (tree.RoleOf(tree[id].parent)) {
    case Role::kSubscript:
      return tree[id].field == Field::kSubscript ? 1.0 : 0.0;
    case Role::kSlice:
    case Role::kCompare:
    case Role::kArguments:
      return 1.0;
    case Role::kReturn:
    case Role::kParenthesized:
      return 0.7;
    case Role::kAssignment:
    case Role::kAugmentedAssignment:
    case Role::kBinary:
    case Role::kExpressionList:
    case Role::kTuple:
    case Role::kList:
    case Role::kConditional:
    case Role::kComprehension:
      return 0.5;
    default:
      return 0.0;
  }
}

bool ParseNumber(std::string_view text, long long* value) {
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), *value);
  return error == std::errc() && end == text.data() + text.size() && *value < 1'000'000'000;
}

void IntegerVariants(const Site& site, NodeId id, Proposals& out) {
  long long value = 0;
  if (!ParseNumber(site.Text(id), &value)) return;
  bool negated = site.tree().RoleOf(site.tree()[id].parent) == Role::kUnary;
  bool index = !site.form().negative_indices &&
               site.tree().RoleOf(site.tree()[id].parent) == Role::kSubscript;
  auto add = [&](long long to, double factor) {
    if (to == value) return;
    if (to < 0 && (negated || index)) return;
    out.Replace(id, std::to_string(to), factor, to < 0 ? kUnaryLevel : kAtomLevel);
  };
  add(value + 1, 1.0);
  add(value - 1, value == 0 ? 0.7 : 1.0);
  add(0, 0.8);
  add(1, 0.8);
  add(2, 0.5);
  add(value + 2, 0.45);
  if (value > 2) add(value - 2, 0.45);
  add(-value, 0.4);
  add(value * 2, 0.25);
  add(value * 10, 0.15);
  add(value / 2, 0.25);
  add(value / 10, 0.1);
  add(10, 0.2);
  for (const Phrase& number : site.Integers()) {
    out.Replace(id, number.text, 0.6 * number.weight);
  }
  for (const Atom& atom : site.ValuesAt(id, analysis::kInt)) {
    if (atom.kinds == 0 && atom.weight < 0.8) continue;
    out.Replace(id, atom.text, (atom.kinds == 0 ? 0.15 : 0.3) * atom.weight);
  }
  if (value > 2) {
    for (const Atom& atom : site.ValuesAt(id, analysis::kCollection)) {
      if (atom.kinds != 0)
        out.Replace(id, FillIn(site.spelling().length, {{'e', atom.text}}), 0.15 * atom.weight);
    }
  }
}

/// Digits of a decimal moved: `0.5` and `1.5` by ±0.5 and ±1, tenfold.
void FloatVariants(const Site& site, NodeId id, Proposals& out) {
  std::string text(site.Text(id));
  double value = 0;
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc()) return;
  for (auto [to, factor] : std::initializer_list<std::pair<double, double>>{{value + 1, 1.0},
                                                                            {value - 1, 1.0},
                                                                            {value + 0.5, 0.5},
                                                                            {value - 0.5, 0.5},
                                                                            {0.0, 0.7},
                                                                            {1.0, 0.7},
                                                                            {value * 10, 0.6},
                                                                            {value / 10, 0.6},
                                                                            {value * 2, 0.6},
                                                                            {value / 2, 0.6},
                                                                            {100.0, 0.2}}) {
    char buffer[40];
    auto written = std::to_chars(buffer, buffer + sizeof buffer, to);
    std::string replaced(buffer, written.ptr);
    if (replaced.find_first_of(".e") == std::string::npos) replaced += ".0";
    if (to != value) out.Replace(id, replaced, factor, to < 0 ? kUnaryLevel : kAtomLevel);
  }
}

std::string Cased(std::string_view text, int how) {
  std::string out(text);
  for (size_t i = 0; i < out.size(); ++i) {
    auto c = static_cast<unsigned char>(out[i]);
    bool upper = how == 1 || (how == 2 && i == 0);
    out[i] = static_cast<char>(upper ? std::toupper(c) : std::tolower(c));
  }
  return out;
}

constexpr std::string_view kBracketFamilies[] = {"([{<", ")]}>",  ".,;:", "-_",
                                                 "/\\",  " \t\n", "+-*/"};

/// Likely slips for one character: its relatives, and those the function and the file use.
void CharacterVariants(const Site& site, NodeId id, Proposals& out) {
  std::string_view literal = site.Text(id);
  for (const Phrase& other : site.Characters()) {
    if (other.text != literal) out.ReplaceToken(id, other.text, 0.7 * other.weight);
  }
  if (literal.size() != 3) return;
  const char old = literal[1];
  auto add = [&](char c, double factor) {
    bool plain = std::isprint(static_cast<unsigned char>(c)) && c != '\'' && c != '\\';
    if (c != old && plain) out.ReplaceToken(id, StrCat("'", std::string(1, c), "'"), factor);
  };
  const auto letter = static_cast<unsigned char>(old);
  if (std::isalpha(letter)) {
    add(static_cast<char>(std::isupper(letter) ? std::tolower(letter) : std::toupper(letter)), 0.8);
    add(static_cast<char>(old + 1), 0.3);
    add(static_cast<char>(old - 1), 0.3);
    for (char c : std::string_view("azAZ")) add(c, 0.4);
  }
  if (std::isdigit(letter)) {
    for (char c = '0'; c <= '9'; ++c) add(c, c < '2' ? 0.7 : 0.2);
  }
  for (std::string_view family : kBracketFamilies) {
    if (family.find(old) == std::string_view::npos) continue;
    for (char c : family) add(c, 0.6);
  }
  add(' ', 0.3);
}

}  // namespace

void OffByOne(const Site& site, Proposals& out) {
  const SyntaxTree& tree = site.tree();
  for (NodeId id : site.expressions()) {
    Role role = tree[id].role;
    bool shape = role == Role::kIdentifier || role == Role::kCall || role == Role::kBinary ||
                 role == Role::kAttribute || role == Role::kSubscript ||
                 role == Role::kParenthesized || role == Role::kUnary;
    double position = PositionFactor(tree, id);
    if (!shape || position == 0) continue;
    Kinds kinds = site.source().KindsOf(id);
    if (!Compatible(kinds, analysis::kNumber)) continue;
    double factor = position * (kinds == 0 ? 0.55 : 1.0);
    if (tree.RoleOf(tree[id].parent) == Role::kParenthesized && LevelOf(tree, id) == kAtomLevel)
      continue;
    std::string text = Fit(site.Text(id), LevelOf(tree, id), kBinaryLevel);
    out.Replace(id, StrCat(text, " + 1"), factor, kBinaryLevel);
    out.Replace(id, StrCat(text, " - 1"), factor, kBinaryLevel);
  }
}

void ConstantNumber(const Site& site, Proposals& out) {
  for (NodeId id : site.expressions()) {
    if (site.tree()[id].role == Role::kInteger) IntegerVariants(site, id, out);
    if (site.tree()[id].role == Role::kInteger && site.form().braces &&
        site.tree().RoleOf(site.tree()[id].parent) == Role::kBinary) {
      out.Replace(id, StrCat(site.Text(id), ".0"), 0.3);  // or the division drops the fraction
    }
    if (site.tree()[id].role == Role::kFloat) FloatVariants(site, id, out);
  }
}

void ConstantString(const Site& site, Proposals& out) {
  for (NodeId id : site.expressions()) {
    if (site.tree()[id].role == Role::kCharacter) CharacterVariants(site, id, out);
    if (site.tree()[id].role != Role::kString) continue;
    std::string_view literal = site.Text(id);
    std::string content;
    if (!PlainString(literal, &content) || content.size() > 200) continue;
    auto add = [&](std::string_view to, double factor) {
      if (to != content)
        out.ReplaceToken(id, QuoteLike(to, literal, site.spelling().text_quotes), factor);
    };
    for (const Phrase& other : site.Strings(id))
      out.ReplaceToken(id, other.text, 0.7 * other.weight);
    add("", content.size() <= 2 ? 0.8 : 0.3);
    add(" ", content.size() <= 2 ? 0.7 : 0.1);
    add(Cased(content, 0), 0.4);
    add(Cased(content, 1), 0.4);
    add(Cased(content, 2), 0.5);
    add(StrCat(content, " "), 0.35);
    add(StrCat(" ", content), 0.35);
    if (!content.empty()) {
      add(TrimWhitespace(content), 0.5);
      add(content.substr(1), 0.3);
      add(content.substr(0, content.size() - 1), 0.3);
      if (content.size() <= 3) add(std::string(content.rbegin(), content.rend()), 0.5);
      if (content.size() <= 2) add(content + content, 0.25);
    }
    if (content.size() != 1) continue;
    for (std::string_view family : kBracketFamilies) {
      if (family.find(content[0]) == std::string_view::npos) continue;
      for (char c : family) {
        if (std::isprint(static_cast<unsigned char>(c)) && c != '\\') add(std::string(1, c), 0.6);
      }
    }
    if (std::isdigit(static_cast<unsigned char>(content[0]))) {
      for (char c = '0'; c <= '9'; ++c) add(std::string(1, c), c < '2' ? 0.7 : 0.2);
    }
  }
}

void ConstantTruth(const Site& site, Proposals& out) {
  const auto& say = site.spelling();
  for (NodeId id : site.expressions()) {
    switch (site.tree()[id].role) {
      case Role::kTrue:
        out.ReplaceToken(id, say.false_literal, 1.0);
        if (!site.form().braces) out.ReplaceToken(id, say.null_literal, 0.2);
        break;
      case Role::kFalse:
        out.ReplaceToken(id, say.true_literal, 1.0);
        if (!site.form().braces) out.ReplaceToken(id, say.null_literal, 0.2);
        break;
      case Role::kNull:
        for (std::string_view to : {say.false_literal, say.true_literal, std::string_view("0"),
                                    say.empty_list, say.empty_text}) {
          if (!to.empty()) out.ReplaceToken(id, to, 0.4);
        }
        break;
      case Role::kList:
      case Role::kDictionary:
        if (site.tree().Children(id).empty()) out.ReplaceToken(id, say.null_literal, 0.2);
        break;
      default:
        break;
    }
  }
}

void ConstantName(const Site& site, Proposals& out) {
  constexpr double kPerStep = 0.15;  // neighbours are mistaken for each other more often
  const SyntaxTree& tree = site.tree();
  for (NodeId id : site.nodes()) {
    const bool member = tree[id].field == Field::kAttribute;
    if (tree[id].role != Role::kIdentifier && !member) continue;
    std::string_view name = site.Text(id);
    std::string_view prefix;  // "Color::"
    if (const size_t at = name.rfind("::"); at != std::string_view::npos) {
      prefix = name.substr(0, at + 2);
      name = name.substr(at + 2);
    }
    for (const std::vector<std::string>& group : site.source().declared().constants) {
      const auto own = std::find(group.begin(), group.end(), name);
      for (auto other = group.begin(); own != group.end() && other != group.end(); ++other) {
        if (other == own) continue;
        const auto steps = static_cast<double>(std::abs(other - own) - 1);
        out.ReplaceToken(id, StrCat(prefix, *other), 1.0 / (1 + kPerStep * steps));
      }
    }
  }
}

void VariableName(const Site& site, Proposals& out) {
  const SyntaxTree& tree = site.tree();
  for (NodeId id : site.nodes()) {
    if (tree[id].role != Role::kIdentifier) continue;
    Role parent = tree.RoleOf(tree[id].parent);
    Field field = tree[id].field;
    bool used = std::find(site.expressions().begin(), site.expressions().end(), id) !=
                site.expressions().end();
    bool target = (parent == Role::kAugmentedAssignment || parent == Role::kAssignment) &&
                  field == Field::kLeft &&
                  tree.RoleOf(tree[tree[id].parent].parent) != Role::kDeclaration;
    if (!used && !target) continue;
    if (parent == Role::kCall && field == Field::kFunction) continue;  // CallSibling
    Kinds kinds = site.source().KindsOfName(site.Text(id), id);
    if (kinds == analysis::kCallable) kinds = 0;
    bool object = parent == Role::kAttribute;
    for (const Atom& atom : site.ValuesAt(id, 0)) {
      if (atom.text == site.Text(id) || (target && atom.origin == NameOrigin::kGlobal)) continue;
      // The wrong name may be of the wrong kind, too; that is less likely, or would not compile.
      if (site.form().braces && !Compatible(atom.kinds, kinds)) continue;
      double known = !Compatible(atom.kinds, kinds)  ? 0.35
                     : atom.kinds != 0 && kinds != 0 ? 1.0
                                                     : 0.7;
      double place = target   ? (parent == Role::kAugmentedAssignment ? 0.8 : 0.3)
                     : object ? 0.7
                              : 1.0;
      out.ReplaceToken(id, atom.text, known * place * atom.weight);
    }
  }
  // An attribute of an object where another name was meant: `self.a` for `self.b` is
  // VariableAttribute; here `a` for `self.a`.
  for (NodeId id : site.expressions()) {
    if (tree[id].role != Role::kAttribute) continue;
    if (tree.RoleOf(tree[id].parent) == Role::kCall && tree[id].field == Field::kFunction) continue;
    for (const Atom& atom : site.ValuesAt(id, site.source().KindsOf(id))) {
      if (!atom.attribute) out.ReplaceToken(id, atom.text, 0.35 * atom.weight);
    }
  }
}

void VariableAttribute(const Site& site, Proposals& out) {
  const SyntaxTree& tree = site.tree();
  for (NodeId id : site.nodes()) {
    if (tree[id].field != Field::kAttribute) continue;
    NodeId whole = tree[id].parent;
    NodeId object = tree.Child(whole, Field::kObject);
    if (object == kNoNode) continue;
    bool called = tree[whole].field == Field::kFunction;
    std::map<std::string_view, double> names;
    NodeId function = site.FunctionNode();
    for (NodeId other = 0; other < tree.size(); ++other) {
      if (tree[other].field != Field::kAttribute) continue;
      NodeId parent = tree[other].parent;
      NodeId holder = tree.Child(parent, Field::kObject);
      if (holder == kNoNode || site.Text(other) == site.Text(id)) continue;
      bool same = site.Text(holder) == site.Text(object);
      bool same_use = (tree[parent].field == Field::kFunction) == called;
      if (!same || !same_use) continue;
      double weight = tree.IsBelow(other, function) && function != 0 ? 1.0 : 0.5;
      double& value = names[site.Text(other)];
      value = std::max(value, weight);
    }
    for (const auto& [name, weight] : names) out.ReplaceToken(id, name, weight);
  }
}

void ReturnValue(const Site& site, Proposals& out) {
  const SyntaxTree& tree = site.tree();
  const auto& say = site.spelling();
  NodeId statement = site.statement().node;
  if (tree[statement].role != Role::kReturn) return;
  auto parts = tree.Children(statement);
  NodeId value = parts.empty() ? kNoNode : parts.front();
  // Without a value: behind the keyword.
  uint32_t start = value == kNoNode ? tree[tree.FirstChild(statement)].end : tree[value].start;
  uint32_t end = value == kNoNode ? start : tree[value].end;
  const Kinds declared = site.source().ReturnKindsAt(statement);
  auto add = [&](std::string_view text, double factor, Kinds of = 0) {
    if (Compatible(of, declared))
      out.Edit(start, end, StrCat(value == kNoNode ? " " : "", text), factor);
  };
  Kinds kinds = value == kNoNode ? 0 : site.source().KindsOf(value);
  if (declared != 0) kinds = declared;
  for (const Atom& atom : site.ValuesAt(statement, kinds)) add(atom.text, 0.8 * atom.weight);
  bool computes = value != kNoNode && tree[value].subtree_end - value > 2;
  double constant = computes ? 0.15 : 0.5;
  add(say.true_literal, constant, analysis::kBool);
  add(say.false_literal, constant, analysis::kBool);
  add(say.null_literal, site.form().braces ? constant * 0.2 : constant);
  for (std::string_view text : {"0", "1", "-1"}) add(text, constant * 0.6, analysis::kInt);
  if (!say.empty_list.empty()) add(say.empty_list, constant * 0.6);
  add(say.empty_text, constant * 0.6, analysis::kText);
}

}  // namespace coditect::repair
