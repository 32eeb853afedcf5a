// Expressions made or borrowed: donors, wrapped calls, indices, slices, small typed terms.
#include <algorithm>

#include "src/repair/operators.h"

namespace coditect::repair {
namespace {

using analysis::Field;
using analysis::KnownCall;
using analysis::SyntaxTree;

constexpr size_t kDonorsPerHoleMax = 24;
constexpr size_t kDonorBytesMax = 80;

bool IsLiteral(Role role) {
  return role == Role::kInteger || role == Role::kFloat || role == Role::kTrue ||
         role == Role::kFalse || role == Role::kNull || role == Role::kString ||
         role == Role::kCharacter;
}

bool IsCallee(const SyntaxTree& tree, NodeId id) {
  return tree[id].field == Field::kFunction && tree.RoleOf(tree[id].parent) == Role::kCall;
}

/// A place where a new expression is worth trying: not a callee, not the inside of parentheses.
bool IsHole(const SyntaxTree& tree, NodeId id) {
  Role parent = tree.RoleOf(tree[id].parent);
  return !IsCallee(tree, id) && parent != Role::kParenthesized && parent != Role::kUpdate;
}

std::set<std::string_view> Words(const SyntaxTree& tree, NodeId id) {
  std::set<std::string_view> out;
  for (NodeId at = id; at < tree[id].subtree_end; ++at) {
    Role role = tree[at].role;
    if (role == Role::kIdentifier || IsLiteral(role)) out.insert(tree.Text(at));
  }
  return out;
}

double Similarity(const std::set<std::string_view>& a, const std::set<std::string_view>& b) {
  size_t common = 0;
  for (std::string_view word : a) common += b.count(word);
  size_t larger = std::max(a.size(), b.size());
  return larger == 0 ? 0 : static_cast<double>(common) / static_cast<double>(larger);
}

bool IsDonor(const SyntaxTree& tree, NodeId id) {
  switch (tree[id].role) {
    case Role::kCall:
    case Role::kSubscript:
    case Role::kAttribute:
    case Role::kBinary:
    case Role::kCompare:
    case Role::kBoolean:
    case Role::kUnary:
    case Role::kNot:
    case Role::kCast:
    case Role::kString:
    case Role::kList:
    case Role::kTuple:
    case Role::kComprehension:
      return tree[id].end - tree[id].start <= kDonorBytesMax && !IsCallee(tree, id);
    default:
      return false;
  }
}

/// Places of an index beside a name: 0, the ends, and integers in scope.
std::vector<Phrase> Indices(const Site& site, NodeId at) {
  const bool back = site.form().negative_indices;
  std::vector<Phrase> out = {{"0", kAtomLevel, 0.9}};
  if (back) out.push_back({"-1", kAtomLevel, 0.9});
  out.push_back({"1", kAtomLevel, 0.6});
  for (const Atom& atom : site.ValuesAt(at, analysis::kInt)) {
    double known = atom.kinds == 0 ? 0.4 : 0.9;
    if (atom.weight < 0.3) continue;
    out.push_back({atom.text, kAtomLevel, known * atom.weight});
    out.push_back({StrCat(atom.text, " - 1"), kBinaryLevel, 0.5 * known * atom.weight});
    out.push_back({StrCat(atom.text, " + 1"), kBinaryLevel, 0.5 * known * atom.weight});
  }
  out.push_back({"2", kAtomLevel, 0.2});
  if (back) out.push_back({"-2", kAtomLevel, 0.2});
  return out;
}

bool HasKeyword(const SyntaxTree& tree, NodeId arguments, std::string_view name) {
  for (NodeId argument : tree.Children(arguments)) {
    NodeId key = tree.Child(argument, Field::kName);
    if (tree[argument].role == Role::kKeywordArgument && key != kNoNode && tree.Text(key) == name) {
      return true;
    }
  }
  return false;
}

/// Orders a sort could have: of the language, by the functions and the tables in scope.
std::vector<Phrase> SortKeys(const Site& site, NodeId at) {
  const auto& say = site.spelling();
  std::vector<Phrase> out;
  double weight = 0.9;
  for (std::string_view key : site.language().sort_keys) {
    out.push_back({std::string(key), kAtomLevel, weight});
    weight *= 0.93;
  }
  for (const Atom& f : site.FunctionsAt(at, 1)) out.push_back({f.text, kAtomLevel, 0.9 * f.weight});
  for (const Atom& table : site.ValuesAt(at, analysis::kDictKind)) {
    if (table.kinds == 0) continue;
    out.push_back({FillIn(say.key_lookup, {{'e', table.text}}), kAtomLevel, 0.9 * table.weight});
    out.push_back(
        {FillIn(say.key_lookup_reverse, {{'e', table.text}}), kAtomLevel, 0.3 * table.weight});
  }
  return out;
}

}  // namespace

void DonorExpression(const Site& site, Proposals& out) {
  const SyntaxTree& tree = site.tree();
  NodeId function = site.FunctionNode();
  std::vector<NodeId> donors;
  std::set<std::string_view> seen;
  for (NodeId id = function; id < tree[function].subtree_end && donors.size() < 200; ++id) {
    if (IsDonor(tree, id) && seen.insert(site.Text(id)).second) donors.push_back(id);
  }
  std::map<NodeId, std::set<std::string_view>> words;
  for (NodeId donor : donors) words[donor] = Words(tree, donor);
  for (NodeId hole : site.expressions()) {
    if (!IsHole(tree, hole)) continue;
    Kinds kinds = site.source().KindsOf(hole);
    auto own = Words(tree, hole);
    std::vector<std::pair<double, NodeId>> ranked;
    for (NodeId donor : donors) {
      if (tree.IsBelow(donor, hole) || site.Text(donor) == site.Text(hole)) continue;
      Kinds donated = site.source().KindsOf(donor);
      if (!Compatible(donated, kinds) || !Compatible(donated, site.Expected(hole))) continue;
      double factor = 0.35 + 0.65 * Similarity(own, words[donor]);
      if (tree[donor].role == tree[hole].role) factor *= 1.3;
      if (donated == 0 || kinds == 0) factor *= 0.7;
      if (tree.IsBelow(hole, donor)) factor *= 0.5;
      ranked.push_back({-factor, donor});
    }
    std::sort(ranked.begin(), ranked.end());
    size_t used = 0;
    for (const auto& [negative, donor] : ranked) {
      if (used >= kDonorsPerHoleMax) break;
      if (!site.NamesVisible(donor, hole)) continue;
      out.Replace(hole, site.Text(donor), -negative, LevelOf(tree, donor));
      ++used;
    }
  }
}

void CallWrap(const Site& site, Proposals& out) {
  const SyntaxTree& tree = site.tree();
  for (NodeId hole : site.expressions()) {
    Role role = tree[hole].role;
    if (!IsHole(tree, hole) || role == Role::kTrue || role == Role::kFalse || role == Role::kNull)
      continue;
    Kinds kinds = site.source().KindsOf(hole);
    const Kinds expected = site.Expected(hole);
    std::string_view text = site.Text(hole);
    double shape = IsLiteral(role)                                    ? 0.15
                   : role == Role::kCompare || role == Role::kBoolean ? 0.3
                                                                      : 1.0;
    auto parts = tree.Children(hole);
    std::string_view inner =
        role == Role::kGenerator && text.starts_with('(') ? text.substr(1, text.size() - 2) : text;
    for (const KnownCall& call : site.language().calls) {
      if (call.method || call.prior == 0) continue;
      const std::string name = site.source().Written(call.name);
      if (text.starts_with(name) && text.substr(name.size()).starts_with('(')) continue;
      if (!Takes(call.subject, kinds)) continue;
      if (!Compatible(call.result, expected)) continue;
      double known = kinds == 0                                          ? 0.45
                     : (kinds & ~call.subject) == 0 || call.subject == 0 ? 1.0
                                                                         : 0.6;
      out.Replace(hole, StrCat(name, "(", inner, ")"), call.prior * known * shape);
    }
    for (const Atom& f : site.FunctionsAt(hole, 1)) {
      out.Replace(hole, StrCat(f.text, "(", inner, ")"), 1.1 * f.weight * shape);
    }
    if (Compatible(kinds, analysis::kNumber) && !IsLiteral(role)) {
      double known = kinds == 0 ? 0.15 : 0.35;
      for (std::string_view extreme : site.language().extremes) {
        const std::string f = site.source().Written(extreme);
        for (std::string_view bound : {"0", "1"}) {
          out.Replace(hole, StrCat(f, "(", text, ", ", bound, ")"), known);
        }
        for (const Atom& atom : site.ValuesAt(hole, analysis::kNumber)) {
          if (atom.kinds == 0 || atom.text == text) continue;
          out.Replace(hole, StrCat(f, "(", text, ", ", atom.text, ")"), known * atom.weight);
        }
      }
    }
    bool many = (kinds & (analysis::kListKind | analysis::kIterator)) != 0;
    if (many || role == Role::kComprehension) {
      for (std::string_view join : site.language().joins) {
        out.Replace(hole, FillIn(join, {{'e', inner}}), 0.3);
      }
    }
  }
}

void CallMethod(const Site& site, Proposals& out) {
  const SyntaxTree& tree = site.tree();
  for (NodeId hole : site.expressions()) {
    Role role = tree[hole].role;
    if (!IsHole(tree, hole) || role == Role::kInteger || role == Role::kTrue ||
        role == Role::kFalse)
      continue;
    if (role == Role::kNull || role == Role::kFloat || role == Role::kCompare) continue;
    Kinds kinds = site.source().KindsOf(hole);
    for (const KnownCall& call : site.language().calls) {
      if (!call.method || call.prior == 0 || !Compatible(kinds, call.subject)) continue;
      if (!Compatible(call.result, site.Expected(hole))) continue;
      double known = kinds == 0 ? 0.35 : (kinds & call.subject) != 0 ? 1.0 : 0.0;
      double literal = role == Role::kString ? 0.2 : 1.0;
      std::string object = Fit(site.Text(hole), LevelOf(tree, hole), kAtomLevel);
      out.Replace(hole, StrCat(object, ".", call.name, "()"), call.prior * known * literal);
    }
  }
}

void ExpressionAtom(const Site& site, Proposals& out) {
  const SyntaxTree& tree = site.tree();
  for (NodeId hole : site.expressions()) {
    Role role = tree[hole].role;
    if (!IsHole(tree, hole) || role == Role::kTrue || role == Role::kFalse || role == Role::kNull)
      continue;
    Kinds kinds = site.source().KindsOf(hole);
    if (!Compatible(kinds, analysis::kNumber) || role == Role::kCompare || role == Role::kBoolean)
      continue;
    double known = (kinds == 0 ? 0.5 : 1.0) * (IsLiteral(role) ? 0.5 : 1.0);
    std::string text = Fit(site.Text(hole), LevelOf(tree, hole), kBinaryLevel);
    std::string tight = Fit(site.Text(hole), LevelOf(tree, hole), kUnaryLevel);
    auto add = [&](std::string_view op, std::string_view operand, double factor) {
      if (!HasOperator(site.language(), op)) return;
      const std::string& left = op == "+" || op == "-" ? text : tight;
      out.Replace(hole, StrCat(left, " ", op, " ", operand), factor * known, kBinaryLevel);
    };
    for (auto [op, operand, factor] :
         std::initializer_list<std::tuple<const char*, const char*, double>>{{"*", "2", 0.6},
                                                                             {"//", "2", 0.6},
                                                                             {"/", "2", 0.5},
                                                                             {"**", "2", 0.6},
                                                                             {"%", "2", 0.4},
                                                                             {"*", "-1", 0.3},
                                                                             {"+", "2", 0.3},
                                                                             {"-", "2", 0.3},
                                                                             {"%", "10", 0.2},
                                                                             {"//", "10", 0.2},
                                                                             {"*", "10", 0.15},
                                                                             {"**", "0.5", 0.15},
                                                                             {"**", "3", 0.2},
                                                                             {"*", "3", 0.2},
                                                                             {"/", "3", 0.1}}) {
      add(op, operand, factor);
    }
    if (!HasOperator(site.language(), "**") && role == Role::kIdentifier)
      add("*", site.Text(hole), 0.5);
    for (const Phrase& number : site.Integers()) {
      for (std::string_view op : {"*", "**", "%", "//", "+", "-", "/"})
        add(op, number.text, 0.4 * number.weight);
    }
    for (const Atom& atom : site.ValuesAt(hole, analysis::kNumber)) {
      if (atom.text == site.Text(hole) && atom.weight < 1) continue;
      double factor = (atom.kinds == 0 ? 0.3 : 0.8) * atom.weight;
      for (std::string_view op : {"+", "-", "*"}) add(op, atom.text, factor);
      for (std::string_view op : {"//", "%", "/"}) add(op, atom.text, 0.5 * factor);
    }
  }
}

void IndexAdd(const Site& site, Proposals& out) {
  const SyntaxTree& tree = site.tree();
  for (NodeId hole : site.expressions()) {
    Role role = tree[hole].role;
    bool shape = role == Role::kIdentifier || role == Role::kAttribute || role == Role::kCall ||
                 role == Role::kSubscript;
    if (!shape || !IsHole(tree, hole)) continue;
    Kinds kinds = site.source().KindsOf(hole);
    if (!Compatible(kinds, analysis::kSequence | analysis::kDictKind)) continue;
    if (!Compatible(site.source().ElementKindsOf(hole), site.Expected(hole))) continue;
    double known = kinds == 0 ? 0.45 : 1.0;
    bool table = (kinds & analysis::kDictKind) != 0;
    for (const Phrase& index : table ? std::vector<Phrase>() : Indices(site, hole)) {
      if (index.text == site.Text(hole)) continue;
      out.Replace(hole, StrCat(site.Text(hole), "[", index.text, "]"), index.weight * known);
    }
    if (!table && kinds != 0) continue;
    for (const Atom& atom : site.ValuesAt(hole, 0)) {
      if (atom.text == site.Text(hole)) continue;
      out.Replace(hole, StrCat(site.Text(hole), "[", atom.text, "]"), 0.5 * known * atom.weight);
    }
  }
}

void SliceAdd(const Site& site, Proposals& out) {
  const SyntaxTree& tree = site.tree();
  for (NodeId hole : site.expressions()) {
    Role role = tree[hole].role;
    if (!IsHole(tree, hole) || IsLiteral(role) || role == Role::kCompare || role == Role::kBoolean)
      continue;
    Kinds kinds = site.source().KindsOf(hole);
    if (!Compatible(kinds, analysis::kSequence)) continue;
    double known = kinds == 0 ? 0.4 : 1.0;
    std::string object = Fit(site.Text(hole), LevelOf(tree, hole), kAtomLevel);
    for (std::string_view call : site.language().slice_calls) {
      if ((kinds & analysis::kText) == 0) continue;
      const std::string pattern = site.source().Written(call);
      if (pattern.find("$i") == std::string::npos) {
        out.Replace(hole, FillIn(pattern, {{'e', object}}), 0.7);
        continue;
      }
      for (const Atom& atom : site.ValuesAt(hole, analysis::kInt)) {
        if ((atom.kinds & analysis::kInt) != 0)
          out.Replace(hole, FillIn(pattern, {{'e', object}, {'i', atom.text}}), 0.6 * atom.weight);
      }
    }
    if (!site.form().slices) continue;
    auto add = [&](std::string_view slice, double factor) {
      out.Replace(hole, StrCat(object, "[", slice, "]"), factor * known);
    };
    for (auto [slice, factor] :
         std::initializer_list<std::pair<std::string_view, double>>{{"1:", 1.0},
                                                                    {":-1", 0.9},
                                                                    {"::-1", 0.9},
                                                                    {"2:", 0.4},
                                                                    {"::2", 0.4},
                                                                    {":2", 0.2},
                                                                    {"1:-1", 0.3},
                                                                    {"1::2", 0.3},
                                                                    {":-2", 0.2},
                                                                    {":", 0.4}}) {
      add(slice, factor);
    }
    for (const Atom& atom : site.ValuesAt(hole, analysis::kInt)) {
      double factor = (atom.kinds == 0 ? 0.3 : 0.8) * atom.weight;
      add(StrCat(atom.text, ":"), factor);
      add(StrCat(":", atom.text), factor);
      add(StrCat(atom.text, " + 1:"), 0.6 * factor);
      add(StrCat(":", atom.text, " + 1"), 0.6 * factor);
    }
  }
}

void SynthesizeSmall(const Site& site, Proposals& out) {
  const SyntaxTree& tree = site.tree();
  for (NodeId hole : site.expressions()) {
    Role role = tree[hole].role;
    if (!IsHole(tree, hole) || (tree[hole].end - tree[hole].start > 60)) continue;
    Kinds kinds = site.source().KindsOf(hole);
    // `text.encode` needs a text, whatever the wrong name was.
    bool receiver = tree.RoleOf(tree[hole].parent) == Role::kAttribute;
    double shape = role == Role::kIdentifier || IsLiteral(role) || role == Role::kCall ? 1.0 : 0.5;
    auto add = [&](std::string_view text, double factor, Level level = kAtomLevel) {
      if (text != site.Text(hole)) out.Replace(hole, text, factor * shape, level);
    };
    std::string content;
    bool quoted = role == Role::kString && PlainString(site.Text(hole), &content);
    for (const Atom& atom : site.ValuesAt(hole, 0)) {
      bool meant = quoted && atom.text == content;
      if (meant) add(atom.text, 2.5);
      if (Compatible(atom.kinds, analysis::kNumber) && Compatible(kinds, analysis::kNumber)) {
        double known = atom.kinds != 0 && kinds != 0 ? 0.5 : 0.25;
        add(StrCat("-", atom.text), known * atom.weight, kUnaryLevel);
        add(StrCat(atom.text, " - 1"), known * atom.weight, kBinaryLevel);
        add(StrCat(atom.text, " + 1"), known * atom.weight, kBinaryLevel);
      }
      for (const KnownCall& call : site.language().calls) {
        if (call.prior == 0 || !Takes(call.subject, atom.kinds)) continue;
        if (call.subject != 0 && atom.kinds == 0 && !receiver && !meant) continue;
        Kinds result = call.result == 0 ? atom.kinds : call.result;
        if (!receiver && !meant && !Compatible(result, kinds)) continue;
        double known = (meant                       ? 4.0
                        : kinds != 0 && result != 0 ? 0.7
                                                    : 0.35) *
                       call.prior * atom.weight;
        add(call.method ? StrCat(atom.text, ".", call.name, "()")
                        : StrCat(site.source().Written(call.name), "(", atom.text, ")"),
            known);
      }
      for (const Atom& f : site.FunctionsAt(hole, 1)) {
        add(StrCat(f.text, "(", atom.text, ")"), 0.5 * f.weight * atom.weight);
      }
      if ((atom.kinds & analysis::kSequence) != 0) {
        for (const Phrase& index : Indices(site, hole)) {
          add(StrCat(atom.text, "[", index.text, "]"), 0.6 * index.weight * atom.weight);
        }
      }
    }
  }
}

void SynthesizeBinary(const Site& site, Proposals& out) {
  const SyntaxTree& tree = site.tree();
  constexpr size_t kOperandsMax = 6;
  for (NodeId hole : site.expressions()) {
    Role parent = tree.RoleOf(tree[hole].parent);
    bool place = parent == Role::kReturn || parent == Role::kArguments ||
                 parent == Role::kSubscript || parent == Role::kAssignment ||
                 parent == Role::kAugmentedAssignment || parent == Role::kCompare ||
                 parent == Role::kSlice || parent == Role::kParenthesized;
    Kinds kinds = site.source().KindsOf(hole);
    if (!place || !Compatible(kinds, analysis::kNumber) || IsCallee(tree, hole)) continue;
    if (tree[hole].end - tree[hole].start > 40) continue;
    std::vector<std::string> operands;
    for (const Atom& atom : site.ValuesAt(hole, analysis::kNumber)) {
      if (atom.kinds != 0 && operands.size() < kOperandsMax) operands.push_back(atom.text);
    }
    for (const Atom& atom : site.ValuesAt(hole, analysis::kCollection)) {
      if (atom.kinds != 0 && operands.size() < kOperandsMax + 2)
        operands.push_back(FillIn(site.spelling().length, {{'e', atom.text}}));
    }
    for (size_t i = 0; i < operands.size(); ++i) {
      for (size_t j = 0; j < operands.size(); ++j) {
        if (i == j) continue;
        for (std::string_view op : {"-", "+", "*", "//", "%", "/"}) {
          if (!HasOperator(site.language(), op)) continue;
          if ((op == "+" || op == "*") && j < i) continue;
          out.Replace(hole, StrCat(operands[i], " ", op, " ", operands[j]), 1.0 / (2 + i + j),
                      kBinaryLevel);
        }
      }
    }
  }
}

void SortKey(const Site& site, Proposals& out) {
  const SyntaxTree& tree = site.tree();
  const auto& say = site.spelling();
  if (say.key_argument.empty()) return;
  for (NodeId id : site.expressions()) {
    Kinds kinds = site.source().KindsOf(id);
    bool many = (kinds & (analysis::kListKind | analysis::kIterator | analysis::kSetKind)) != 0;
    NodeId callee = tree[id].role == Role::kCall ? tree.Child(id, Field::kFunction) : kNoNode;
    std::string_view name = callee == kNoNode ? "" : site.Text(callee);
    bool sorts = IsOneOf(site.language().sort_functions, name);
    bool picks = IsOneOf(site.language().extremes, name);
    if (many && !sorts && IsHole(tree, id) && tree[id].role != Role::kList) {
      for (const Phrase& key : SortKeys(site, id)) {
        out.Replace(id, FillIn(say.sorted_by, {{'e', site.Text(id)}, {'k', key.text}}),
                    0.6 * key.weight);
      }
    }
    NodeId list = callee == kNoNode ? kNoNode : tree.Child(id, Field::kArguments);
    if (list == kNoNode || (!sorts && !picks)) continue;
    if (HasKeyword(tree, list, say.key_name)) continue;
    uint32_t end = tree[list].end - 1;
    std::string_view comma = tree.Children(list).empty() ? "" : ", ";
    for (const Phrase& key : SortKeys(site, id)) {
      out.Edit(end, end, StrCat(comma, FillIn(say.key_argument, {{'k', key.text}})), key.weight);
    }
  }
}

}  // namespace coditect::repair
