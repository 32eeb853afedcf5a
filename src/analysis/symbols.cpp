// Functions, classes and methods of a file.
#include "src/analysis/symbols.h"

namespace coditect::analysis {
namespace {

std::vector<std::string> ParameterNames(const SyntaxTree& tree, NodeId function) {
  std::vector<std::string> names;
  NodeId parameters = tree.Child(function, Field::kParameters);
  if (parameters == kNoNode) return names;
  for (NodeId child : tree.Children(parameters)) {
    std::string_view name = ParameterName(tree, child);
    if (!name.empty()) names.emplace_back(name);
  }
  return names;
}

/// "b" of "a::b<int>".
std::string_view LastPart(std::string_view name) {
  name = name.substr(0, name.find('<'));
  size_t at = name.rfind("::");
  return at == std::string_view::npos ? name : name.substr(at + 2);
}

}  // namespace

std::string_view ParameterName(const SyntaxTree& tree, NodeId parameter) {
  const NodeId end = tree[parameter].subtree_end;
  for (NodeId node = parameter; node < end; ++node) {
    if (tree[node].field == Field::kValue && node != parameter) break;
    if (tree[node].role == Role::kIdentifier) return tree.Text(node);
  }
  return {};
}

std::vector<Symbol> Symbols(const SyntaxTree& tree) {
  std::vector<Symbol> symbols;
  std::vector<size_t> open;  // enclosing symbols
  for (NodeId node = 0; node < tree.size(); ++node) {
    while (!open.empty() && !tree.IsBelow(node, symbols[open.back()].node)) open.pop_back();
    Role role = tree[node].role;
    if (role != Role::kFunction && role != Role::kClass) continue;
    NodeId name = tree.Child(node, Field::kName);
    if (name == kNoNode) continue;
    Symbol symbol;
    symbol.name = tree.Text(name);
    symbol.node = node;
    symbol.body = tree.Child(node, Field::kBody);
    std::string holder;  // of a member that is defined outside of its class
    if (tree.language().form.braces) {
      if (role == Role::kClass && symbol.body == kNoNode) continue;  // `struct a x;`
      if (size_t at = symbol.name.rfind("::"); at != std::string::npos) {
        holder = LastPart(std::string_view(symbol.name).substr(0, at));
        symbol.name.erase(0, at + 2);
      }
    }
    NodeId outer = tree.RoleOf(tree[node].parent) == Role::kDecorated ? tree[node].parent : node;
    symbol.start = tree[outer].start;
    symbol.end = tree[node].end;
    symbol.first_line = tree[outer].line;
    symbol.last_line = tree[node].end_line;
    const Symbol* parent = open.empty() ? nullptr : &symbols[open.back()];
    symbol.qualified_name =
        parent == nullptr ? symbol.name : StrCat(parent->qualified_name, ".", symbol.name);
    if (!holder.empty()) symbol.qualified_name = StrCat(holder, ".", symbol.qualified_name);
    if (role == Role::kClass) {
      symbol.kind = Symbol::Kind::kClass;
    } else {
      bool method = (parent != nullptr && parent->kind == Symbol::Kind::kClass) || !holder.empty();
      symbol.kind = method ? Symbol::Kind::kMethod : Symbol::Kind::kFunction;
      symbol.parameters = ParameterNames(tree, node);
    }
    open.push_back(symbols.size());
    symbols.push_back(std::move(symbol));
  }
  return symbols;
}

const Symbol* FunctionAt(const std::vector<Symbol>& symbols, uint32_t offset) {
  const Symbol* best = nullptr;
  for (const Symbol& symbol : symbols) {
    if (symbol.start > offset) break;
    if (symbol.kind != Symbol::Kind::kClass && offset < symbol.end) best = &symbol;
  }
  return best;
}

std::string PlainQualifiedName(std::string name) {
  constexpr std::string_view kLocals = "<locals>.";
  for (size_t at; (at = name.find(kLocals)) != std::string::npos;) name.erase(at, kLocals.size());
  return name;
}

}  // namespace coditect::analysis
