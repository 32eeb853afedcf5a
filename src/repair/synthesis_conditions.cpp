// Conditions extended, replaced, made symmetric; filters of comprehensions.
#include <algorithm>

#include "src/repair/operators.h"

namespace coditect::repair {
namespace {

using analysis::Field;
using analysis::SyntaxTree;

constexpr size_t kPhrasesMax = 150;

/// Expressions that decide something.
bool IsCondition(const Site& site, NodeId id) {
  const SyntaxTree& tree = site.tree();
  Role parent = tree.RoleOf(tree[id].parent);
  Role role = tree[id].role;
  if (parent == Role::kConditional) {
    return PartsOf(tree, tree[id].parent).condition == id;
  }
  if (tree[id].field == Field::kCondition || parent == Role::kComprehensionIf ||
      parent == Role::kAssert) {
    return true;
  }
  bool logical = role == Role::kCompare || role == Role::kBoolean || role == Role::kNot;
  if (parent == Role::kParenthesized && logical) return true;
  if (parent == Role::kBoolean && logical &&
      tree.RoleOf(tree[tree[id].parent].parent) == Role::kBoolean) {
    return false;  // its chain is extended as a whole
  }
  return logical || (parent == Role::kReturn && site.source().KindsOf(id) == analysis::kBool);
}

/// The conditions nearest to what is meant: one that shares names with the old one is likelier.
template <class Use>
void ForConditions(const Site& site, NodeId id, Use use) {
  size_t used = 0;
  for (const Phrase& phrase : site.ConditionsAt(id)) {
    if (used++ >= kPhrasesMax) break;
    if (phrase.text != site.Text(id)) use(phrase);
  }
}

/// `text` with identifiers renamed.
std::string Rename(const SyntaxTree& tree, NodeId id,
                   const std::map<std::string_view, std::string_view>& names) {
  std::string out;
  uint32_t at = tree[id].start;
  for (NodeId node = id; node < tree[id].subtree_end; ++node) {
    if (tree[node].role != Role::kIdentifier || tree[node].field == Field::kAttribute) continue;
    auto found = names.find(tree.Text(node));
    if (found == names.end()) continue;
    out += std::string_view(tree.text()).substr(at, tree[node].start - at);
    out += found->second;
    at = tree[node].end;
  }
  out += std::string_view(tree.text()).substr(at, tree[id].end - at);
  return out;
}

std::vector<std::string_view> PlainNames(const Site& site, NodeId id) {
  std::vector<std::string_view> names;
  std::set<std::string_view> values;
  for (const Atom& atom : site.ValuesAt(id, 0)) values.insert(atom.text);
  const SyntaxTree& tree = site.tree();
  for (NodeId node = id; node < tree[id].subtree_end; ++node) {
    if (tree[node].role != Role::kIdentifier || !values.contains(site.Text(node))) continue;
    if (tree[node].field == Field::kFunction) continue;
    if (std::find(names.begin(), names.end(), site.Text(node)) == names.end()) {
      names.push_back(site.Text(node));
    }
  }
  return names;
}

/// The expression as the left side of `join`: no parentheses where it is such a chain already.
std::string AsLeft(const Site& site, NodeId id, std::string_view join) {
  const SyntaxTree& tree = site.tree();
  NodeId op = tree[id].role == Role::kBoolean ? tree.Child(id, Field::kOperator) : kNoNode;
  if (op != kNoNode && site.Text(op) == join) return std::string(site.Text(id));
  return Fit(site.Text(id), LevelOf(tree, id), kCompareLevel);
}

/// `x+y==z or y+z==x` lacks `x+z==y`: a disjunct with its names exchanged.
void AddPermutations(const Site& site, NodeId whole, NodeId part, Proposals& out) {
  const SyntaxTree& tree = site.tree();
  auto names = PlainNames(site, part);
  if (names.size() < 2 || names.size() > 3) return;
  std::vector<size_t> order(names.size());
  for (size_t i = 0; i < order.size(); ++i) order[i] = i;
  std::vector<std::string> variants;
  while (std::next_permutation(order.begin(), order.end())) {
    std::map<std::string_view, std::string_view> renamed;
    for (size_t i = 0; i < names.size(); ++i) renamed[names[i]] = names[order[i]];
    variants.push_back(Fit(Rename(tree, part, renamed), LevelOf(tree, part), kCompareLevel));
  }
  const auto& say = site.spelling();
  for (std::string_view join : {say.logical_or, say.logical_and}) {
    double factor = join == say.logical_or ? 1.0 : 0.5;
    std::string old = AsLeft(site, whole, join);
    for (const std::string& variant : variants) {
      out.Replace(whole, StrCat(old, " ", join, " ", variant), factor, kLogicalLevel);
    }
    for (size_t i = 0; i < variants.size(); ++i) {
      for (size_t j = i + 1; j < variants.size(); ++j) {
        out.Replace(whole, StrCat(old, " ", join, " ", variants[i], " ", join, " ", variants[j]),
                    0.7 * factor, kLogicalLevel);
      }
    }
  }
}

}  // namespace

void ConditionExtend(const Site& site, Proposals& out) {
  const SyntaxTree& tree = site.tree();
  const auto& say = site.spelling();
  for (NodeId id : site.expressions()) {
    if (!IsCondition(site, id)) continue;
    std::string with_and = AsLeft(site, id, say.logical_and);
    std::string with_or = AsLeft(site, id, say.logical_or);
    std::string last = Fit(site.Text(id), LevelOf(tree, id), kCompareLevel);
    ForConditions(site, id, [&](const Phrase& phrase) {
      std::string more = Fit(phrase.text, phrase.level, kCompareLevel);
      auto add = [&](std::string_view a, std::string_view join, std::string_view b, double factor) {
        out.Replace(id, StrCat(a, " ", join, " ", b), factor * phrase.weight, kLogicalLevel);
      };
      add(with_and, say.logical_and, more, 1.0);
      add(with_or, say.logical_or, more, 1.0);
      add(more, say.logical_and, last, 0.6);
    });
  }
}

void ConditionReplace(const Site& site, Proposals& out) {
  for (NodeId id : site.expressions()) {
    if (!IsCondition(site, id)) continue;
    ForConditions(site, id, [&](const Phrase& phrase) {
      out.Replace(id, phrase.text, phrase.weight, phrase.level);
    });
  }
}

void ConditionSymmetric(const Site& site, Proposals& out) {
  const SyntaxTree& tree = site.tree();
  for (NodeId id : site.expressions()) {
    Role role = tree[id].role;
    Role parent = tree.RoleOf(tree[id].parent);
    if (role != Role::kCompare && role != Role::kBoolean) continue;
    if (parent == Role::kBoolean) continue;
    AddPermutations(site, id, id, out);
    if (role != Role::kBoolean) continue;
    for (NodeId part : site.expressions()) {
      if (!tree.IsBelow(part, id) || part == id || tree[part].role != Role::kCompare) continue;
      AddPermutations(site, id, part, out);
    }
  }
}

void ComprehensionFilter(const Site& site, Proposals& out) {
  const SyntaxTree& tree = site.tree();
  for (NodeId id : site.expressions()) {
    if (tree[id].role != Role::kComprehension && tree[id].role != Role::kGenerator) continue;
    if (tree.Child(id, Role::kComprehensionIf) != kNoNode) continue;  // ConditionExtend
    NodeId loop = tree.Child(id, Role::kComprehensionFor);
    if (loop == kNoNode) continue;
    NodeId inside = tree.FirstChild(loop);
    uint32_t end = tree[tree.Children(id).back()].end;
    NodeId left = tree.Child(loop, Field::kLeft);
    ForConditions(site, inside, [&](const Phrase& phrase) {
      bool about = left != kNoNode && phrase.text.find(site.Text(left)) != std::string::npos;
      out.Edit(end, end, FillIn(site.spelling().filter, {{'c', phrase.text}}),
               phrase.weight * (about ? 1.0 : 0.3));
    });
  }
}

void CompareChain(const Site& site, Proposals& out) {
  const SyntaxTree& tree = site.tree();
  if (!site.form().chained_compare) return;
  for (NodeId id : site.expressions()) {
    if (tree[id].role != Role::kCompare) continue;
    auto parts = tree.Children(id);
    if (parts.size() > 2) {  // `a < b < c` to `a < b` and `b < c`
      out.Edit(tree[parts[1]].end, tree[id].end, "", 0.5);
      out.Edit(tree[id].start, tree[parts[parts.size() - 2]].start, "", 0.5);
      continue;
    }
    NodeId op = tree.Child(id, Field::kOperator);
    if (parts.size() != 2 || op == kNoNode) continue;
    std::string_view sign = site.Text(op);
    if (sign[0] != '<' && sign[0] != '>') continue;
    for (const Atom& atom : site.ValuesAt(id, analysis::kNumber)) {
      if (atom.kinds == 0) continue;
      out.Edit(tree[id].end, tree[id].end, StrCat(" ", sign, " ", atom.text), 0.4 * atom.weight);
      out.Edit(tree[id].start, tree[id].start, StrCat(atom.text, " ", sign, " "),
               0.4 * atom.weight);
    }
    std::string_view zero = sign[0] == '<' ? "0 <= " : "";
    if (!zero.empty()) out.Edit(tree[id].start, tree[id].start, zero, 0.5);
  }
}

}  // namespace coditect::repair
