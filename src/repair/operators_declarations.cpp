// Operators on declarations, in languages that have them: types that are too small, copies where
// the thing itself was meant, a new variable where an old one was meant.
#include <algorithm>

#include "src/repair/operators.h"

namespace coditect::repair {
namespace {

using analysis::Field;
using analysis::SyntaxTree;

struct TypePair {
  std::string_view from, to;
  double factor;
};
constexpr TypePair kNumberTypes[] = {
    {"int", "long long", 1.0},    {"int", "double", 0.8},         {"int", "unsigned", 0.2},
    {"int", "size_t", 0.2},       {"long", "long long", 0.6},     {"long", "double", 0.4},
    {"float", "double", 1.0},     {"double", "int", 0.4},         {"double", "long double", 0.2},
    {"unsigned", "int", 0.8},     {"unsigned int", "int", 0.8},   {"size_t", "int", 0.6},
    {"size_t", "long long", 0.4}, {"char", "unsigned char", 0.6}, {"char", "int", 0.6},
};

bool Declares(Role role) {
  return role == Role::kDeclaration || role == Role::kParameter || role == Role::kFor ||
         role == Role::kFunction;
}

/// The name that `holder` declares, and whether it is the thing itself: no pointer, no reference.
NodeId PlainName(const SyntaxTree& tree, NodeId holder) {
  for (NodeId child = tree.FirstChild(holder); child != kNoNode; child = tree.NextSibling(child)) {
    std::string_view text = tree.Text(child);
    if (text == "&" || text == "*" || text == "&&" || text == "[") return kNoNode;
    Field field = tree[child].field;
    bool name = field == Field::kName || (field == Field::kLeft && tree[holder].role == Role::kFor);
    if (name) return tree[child].role == Role::kIdentifier ? child : kNoNode;
  }
  return kNoNode;
}

}  // namespace

void DeclaredTypeChange(const Site& site, Proposals& out) {
  if (!site.form().braces) return;
  const SyntaxTree& tree = site.tree();
  const Statement& own = site.statement();
  if (own.clause) return;
  const bool references = !site.spelling().library_prefix.empty();  // C has none
  for (NodeId id = own.node; id < tree[own.node].subtree_end; ++id) {
    if (own.body != kNoNode && tree[id].start >= own.header_end) break;
    if (tree[id].role == Role::kBlock) {
      id = tree[id].subtree_end - 1;
      continue;
    }
    if (!Declares(tree[id].role)) continue;
    NodeId type = tree.Child(id, Field::kType);
    if (type == kNoNode || tree[type].role != Role::kType) continue;
    for (const TypePair& pair : kNumberTypes) {
      if (tree.Text(type) == pair.from) out.ReplaceToken(type, pair.to, pair.factor);
    }
    if (!references || (tree[id].role != Role::kParameter && tree[id].role != Role::kFor)) continue;
    NodeId name = PlainName(tree, id);
    if (name != kNoNode) out.Edit(tree[type].end, tree[type].end, "&", 0.7);
  }
}

void DeclarationKind(const Site& site, Proposals& out) {
  const SyntaxTree& tree = site.tree();
  const NodeId statement = site.statement().node;
  if (!site.form().braces || tree[statement].role != Role::kDeclaration) return;
  if (site.FunctionNode() == 0) return;
  std::vector<NodeId> names;  // that hide another
  size_t declared = 0;
  const auto outer = site.source().scope().VisibleAt(tree[statement].start);
  for (NodeId child : tree.Children(statement)) {
    if (tree[child].field != Field::kName) continue;
    ++declared;
    NodeId name = tree[child].role == Role::kAssignment ? tree.Child(child, Field::kLeft) : child;
    if (name == kNoNode || tree[name].role != Role::kIdentifier) continue;
    bool hides = std::any_of(outer.begin(), outer.end(), [&](const analysis::Binding* binding) {
      return binding->name == tree.Text(name) && binding->origin != analysis::NameOrigin::kFunction;
    });
    if (hides) names.push_back(child);
  }
  if (names.size() != 1 || declared != 1) return;
  if (tree[names[0]].role == Role::kAssignment)  // `int n = 0;` to `n = 0;`
    out.Edit(tree[statement].start, tree[names[0]].start, "", 1.0);
  out.Edit(tree[statement].start, tree[statement].end, site.spelling().empty_statement, 0.4);
}

}  // namespace coditect::repair
