// Which names a piece of code can see.
#include "src/analysis/scope.h"

#include <algorithm>
#include <map>
#include <set>

#include "src/analysis/symbols.h"

namespace coditect::analysis {
namespace {

bool OpensScope(const SyntaxTree& tree, NodeId id) {
  Role role = tree[id].role;
  if (role == Role::kModule || role == Role::kFunction || role == Role::kClass ||
      role == Role::kLambda || role == Role::kComprehension || role == Role::kGenerator) {
    return true;
  }
  if (!tree.language().form.braces) return false;
  return role == Role::kFor || role == Role::kExcept ||
         (role == Role::kBlock && tree.RoleOf(tree[id].parent) != Role::kClass);
}

/// True for an identifier that names an attribute, a keyword of a call or a definition.
bool NotARead(const SyntaxTree& tree, NodeId id) {
  Field field = tree[id].field;
  Role parent = tree.RoleOf(tree[id].parent);
  return field == Field::kAttribute ||
         (field == Field::kName && (parent == Role::kKeywordArgument || parent == Role::kFunction ||
                                    parent == Role::kClass));
}

/// Where a name bound inside a loop becomes visible: in the whole loop, since it goes round.
uint32_t VisibleFrom(const SyntaxTree& tree, NodeId node, NodeId scope) {
  uint32_t offset = tree[node].end;
  if (tree.language().form.braces) {
    if (tree.RoleOf(tree[node].parent) == Role::kAssignment) offset = tree[tree[node].parent].end;
    return tree[scope].role == Role::kClass ? 0 : offset;
  }
  for (NodeId up = tree[node].parent; up != kNoNode && up != scope; up = tree[up].parent) {
    if (tree[up].role == Role::kFor || tree[up].role == Role::kWhile) offset = tree[up].start;
  }
  return offset;
}

}  // namespace

ScopeTable::ScopeTable(const SyntaxTree& tree) : tree_(tree) {
  Collect();
  CountReads();
}

NodeId ScopeTable::ScopeOf(NodeId node) const {
  for (NodeId up = tree_[node].parent; up != kNoNode; up = tree_[up].parent) {
    if (OpensScope(tree_, up)) return up;
  }
  return 0;
}

void ScopeTable::Bind(NodeId target, NameOrigin origin, NodeId value, uint32_t offset) {
  const NodeId end = tree_[target].subtree_end;
  for (NodeId id = target; id < end; ++id) {
    const SyntaxNode& node = tree_[id];
    if (node.role == Role::kAttribute || node.role == Role::kSubscript ||
        node.role == Role::kType) {
      id = node.subtree_end - 1;
      continue;
    }
    if (node.role != Role::kIdentifier) continue;
    Binding binding{.name = tree_.Text(id), .origin = origin, .node = id};
    binding.value = id == target ? value : kNoNode;
    binding.scope = ScopeOf(id);
    if (origin == NameOrigin::kFunction || origin == NameOrigin::kClass) {
      binding.scope = ScopeOf(tree_[target].parent);
    }
    binding.offset = offset != 0 ? offset : VisibleFrom(tree_, id, binding.scope);
    if (binding.scope == 0 && (origin == NameOrigin::kLocal)) binding.origin = NameOrigin::kGlobal;
    // What the module binds is there when a function runs, wherever it stands.
    if (binding.scope == 0 && !tree_.language().form.braces) binding.offset = 0;
    bindings_.push_back(binding);
  }
}

/// Names of a declaration with braces that have no initial value, or have one in the condition of
/// an `if`; and what it says of a function.
void ScopeTable::CollectDeclared(NodeId declaration) {
  Role holder = tree_.RoleOf(tree_[declaration].parent);
  bool in_class = holder == Role::kBlock &&
                  tree_.RoleOf(tree_[tree_[declaration].parent].parent) == Role::kClass;
  bool prototype = tree_.Child(declaration, Field::kParameters) != kNoNode &&
                   (in_class || holder == Role::kModule);
  for (NodeId child : tree_.Children(declaration)) {
    if (tree_[child].field != Field::kName || tree_[child].role == Role::kAssignment) continue;
    Bind(child, prototype ? NameOrigin::kFunction : NameOrigin::kLocal,
         tree_.Child(declaration, Field::kValue), 0);
  }
}

void ScopeTable::Collect() {
  const bool braces = tree_.language().form.braces;
  for (NodeId id = 0; id < tree_.size(); ++id) {
    const SyntaxNode& node = tree_[id];
    switch (node.role) {
      case Role::kDeclaration:
        CollectDeclared(id);
        break;
      case Role::kAssignment:
        if (braces && tree_.RoleOf(node.parent) != Role::kDeclaration) break;
        if (NodeId left = tree_.Child(id, Field::kLeft); left != kNoNode) {
          Bind(left, NameOrigin::kLocal, tree_.Child(id, Field::kRight), 0);
        }
        break;
      case Role::kNamedExpression:
        if (NodeId name = tree_.Child(id, Field::kName); name != kNoNode) {
          Bind(name, NameOrigin::kLocal, tree_.Child(id, Field::kValue), 0);
        }
        break;
      case Role::kFor:
        if (NodeId left = tree_.Child(id, Field::kLeft); left != kNoNode) {
          Bind(left, NameOrigin::kLoop, kNoNode, node.start + 1);
        }
        break;
      case Role::kComprehensionFor:
        if (NodeId left = tree_.Child(id, Field::kLeft); left != kNoNode) {
          Bind(left, NameOrigin::kLoop, kNoNode, tree_[tree_[id].parent].start + 1);
        }
        break;
      case Role::kParameters:
        if (tree_.RoleOf(node.parent) == Role::kDeclaration) break;  // of a prototype
        for (NodeId child : tree_.Children(id)) {
          const NodeId end = tree_[child].subtree_end;
          for (NodeId at = child; at < end; ++at) {
            if (tree_[at].role != Role::kIdentifier) continue;
            if (tree_[at].field == Field::kValue && at != child) break;
            Bind(at, NameOrigin::kParameter, tree_.Child(child, Field::kValue), tree_[id].end);
            break;
          }
        }
        break;
      case Role::kFunction:
      case Role::kClass:
        if (NodeId name = tree_.Child(id, Field::kName); name != kNoNode) {
          if (braces && tree_.Text(name).find("::") != std::string_view::npos) break;
          Bind(name, node.role == Role::kFunction ? NameOrigin::kFunction : NameOrigin::kClass,
               kNoNode, 0);
        }
        break;
      case Role::kAlias:
        if (NodeId alias = tree_.Child(id, Field::kAlias); alias != kNoNode) {
          Bind(alias, NameOrigin::kImport, kNoNode, 0);
        }
        break;
      case Role::kDottedName:
        if (node.field == Field::kName && tree_.RoleOf(node.parent) != Role::kAlias) {
          Bind(tree_.FirstChild(id), NameOrigin::kImport, kNoNode, 0);
        }
        break;
      case Role::kWith:
      case Role::kExcept:
        for (NodeId at = id + 1; at < node.subtree_end && tree_[at].role != Role::kBlock; ++at) {
          if (tree_.Text(at) == "as" && tree_.NextSibling(at) != kNoNode) {
            Bind(tree_.NextSibling(at), NameOrigin::kLocal, kNoNode, 0);
          }
        }
        break;
      default:
        break;
    }
  }
}

void ScopeTable::CountReads() {
  std::map<std::string_view, std::vector<NodeId>> uses;
  std::set<NodeId> binders;
  std::set<std::string_view> bound;
  for (const Binding& binding : bindings_) {
    binders.insert(binding.node);
    bound.insert(binding.name);
  }
  for (NodeId id = 0; id < tree_.size(); ++id) {
    if (tree_[id].role != Role::kIdentifier || binders.contains(id) || NotARead(tree_, id))
      continue;
    uses[tree_.Text(id)].push_back(id);
  }
  for (Binding& binding : bindings_) {
    auto found = uses.find(binding.name);
    if (found == uses.end()) continue;
    const auto& all = found->second;
    auto first = std::lower_bound(all.begin(), all.end(), binding.scope);
    auto last = std::lower_bound(all.begin(), all.end(), tree_[binding.scope].subtree_end);
    binding.reads = static_cast<uint32_t>(last - first);
  }
  if (tree_.language().form.braces) {  // declared in a file that is not read
    for (const auto& [name, nodes] : uses) {
      if (bound.contains(name)) continue;
      bindings_.push_back({.name = name,
                           .origin = NameOrigin::kBuiltin,
                           .reads = static_cast<uint32_t>(nodes.size())});
    }
  }
  for (std::string_view name : tree_.language().builtins) {
    auto found = uses.find(name);
    if (found == uses.end() || bound.contains(name)) continue;
    bindings_.push_back({.name = name,
                         .origin = NameOrigin::kBuiltin,
                         .reads = static_cast<uint32_t>(found->second.size())});
  }
}

/// The class of the member function around `offset` that is defined outside of it: "A" of
/// `int A::f()`; "" elsewhere.
std::string_view ScopeTable::HolderAt(uint32_t offset) const {
  for (NodeId id = tree_.Covering(offset, offset); id != kNoNode; id = tree_[id].parent) {
    if (tree_[id].role != Role::kFunction) continue;
    NodeId name = tree_.Child(id, Field::kName);
    std::string_view text = name == kNoNode ? std::string_view() : tree_.Text(name);
    if (size_t at = text.rfind("::"); at != std::string_view::npos) {
      text = text.substr(0, at);
      at = text.rfind("::");
      return at == std::string_view::npos ? text : text.substr(at + 2);
    }
  }
  return {};
}

std::vector<const Binding*> ScopeTable::VisibleAt(uint32_t offset) const {
  struct Found {
    const Binding* binding;
    uint32_t scope_start;
  };
  std::map<std::string_view, Found> best;
  NodeId innermost = 0;  // innermost scope around the offset; class names are seen only there
  for (NodeId id = tree_.Covering(offset, offset); id != kNoNode; id = tree_[id].parent) {
    if (OpensScope(tree_, id)) {
      innermost = id;
      break;
    }
  }
  const bool braces = tree_.language().form.braces;
  const std::string_view holder = braces ? HolderAt(offset) : std::string_view();
  for (const Binding& binding : bindings_) {
    const SyntaxNode& scope = tree_[binding.scope];
    if (braces && scope.role == Role::kClass) {  // members are seen in all of their functions
      NodeId name = tree_.Child(binding.scope, Field::kName);
      bool inside = offset >= scope.start && offset < scope.end;
      bool member = !holder.empty() && name != kNoNode && tree_.Text(name) == holder;
      if (!inside && !member) continue;
    } else if (offset < binding.offset || offset < scope.start || offset >= scope.end) {
      if (binding.scope != 0 || offset < binding.offset) continue;
    }
    if (!braces && scope.role == Role::kClass && binding.scope != innermost) continue;
    auto [it, fresh] = best.try_emplace(binding.name, Found{&binding, scope.start});
    if (!fresh && scope.start > it->second.scope_start) it->second = {&binding, scope.start};
  }
  std::vector<Found> found;
  for (const auto& [name, entry] : best) found.push_back(entry);
  std::sort(found.begin(), found.end(), [](const Found& a, const Found& b) {
    if (a.scope_start != b.scope_start) return a.scope_start > b.scope_start;
    return a.binding < b.binding;
  });
  std::vector<const Binding*> out;
  for (const Found& entry : found) out.push_back(entry.binding);
  return out;
}

}  // namespace coditect::analysis
