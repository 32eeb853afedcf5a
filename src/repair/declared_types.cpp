// Types as declarations write them.
#include "src/repair/declared_types.h"

#include "src/base/strings.h"

namespace coditect::repair {
namespace {

using analysis::Field;
using analysis::Kinds;
using analysis::kNoNode;
using analysis::NodeId;
using analysis::Role;
using analysis::SyntaxTree;

/// Without what says nothing of the kind: "const std::string&" is "string".
std::string_view Plain(std::string_view type) {
  while (true) {
    type = TrimWhitespace(type);
    bool changed = false;
    for (std::string_view word : {"const ", "constexpr ", "static ", "struct ", "std::"}) {
      if (!type.starts_with(word)) continue;
      type.remove_prefix(word.size());
      changed = true;
    }
    while (!type.empty() && (type.back() == '&' || type.back() == ' ')) {
      type.remove_suffix(1);
      changed = true;
    }
    if (!changed) return type;
  }
}

/// The comma on the level of the first bracket; npos when there is none.
size_t TopComma(std::string_view arguments) {
  int depth = 0;
  for (size_t i = 0; i < arguments.size(); ++i) {
    char c = arguments[i];
    depth += c == '<' || c == '(' ? 1 : c == '>' || c == ')' ? -1 : 0;
    if (c == ',' && depth == 0) return i;
  }
  return std::string_view::npos;
}

}  // namespace

std::string DeclaredTypeOf(const SyntaxTree& tree, NodeId node) {
  NodeId holder = tree[node].parent;
  if (holder == kNoNode) return {};
  std::string suffix;
  auto look = [&](NodeId parent, NodeId child) {  // `*` before the name, `[` behind it
    for (NodeId at = tree.FirstChild(parent); at != kNoNode; at = tree.NextSibling(at)) {
      std::string_view text = tree.Text(at);
      if (at < child && text == ",") suffix.clear();
      if (at < child && text == "*") suffix += '*';
      if (at > child && text == ",") return;
      if (at > child && text == "[" && tree[at].role == Role::kToken) suffix += '*';
    }
  };
  look(holder, node);
  NodeId inner = node;
  if (tree[holder].role == Role::kAssignment) {
    inner = holder;
    holder = tree[holder].parent;
  }
  Role role = tree.RoleOf(holder);
  if (role != Role::kDeclaration && role != Role::kParameter && role != Role::kFor) return {};
  if (inner != node) look(holder, inner);
  NodeId type = tree.Child(holder, Field::kType);
  if (type == kNoNode) return {};
  return StrCat(Plain(tree.Text(type)), suffix);
}

NodeId ValueOf(const SyntaxTree& tree, const analysis::Binding& binding) {
  if (binding.value != kNoNode || binding.node == kNoNode) return binding.value;
  NodeId holder = tree[binding.node].parent;
  return tree.RoleOf(holder) == Role::kFor ? holder : kNoNode;
}

std::string ElementType(std::string_view type) {
  type = Plain(type);
  if (type.ends_with('*')) return std::string(type.substr(0, type.size() - 1));
  if (type == "string" || type == "string_view") return "char";
  size_t open = type.find('<');
  if (open == std::string_view::npos || !type.ends_with('>')) return {};
  std::string_view outer = type.substr(0, open);
  std::string_view arguments = type.substr(open + 1, type.size() - open - 2);
  if (outer == "pair" || outer == "tuple" || outer == "function") return {};
  size_t comma = TopComma(arguments);
  bool table = outer.find("map") != std::string_view::npos;
  if (comma == std::string_view::npos) return std::string(Plain(arguments));
  return std::string(Plain(table ? arguments.substr(comma + 1) : arguments.substr(0, comma)));
}

std::string CastType(std::string_view callee) {
  for (std::string_view cast : {"static_cast<", "reinterpret_cast<", "const_cast<"}) {
    if (callee.starts_with(cast) && callee.ends_with('>'))
      return std::string(Plain(callee.substr(cast.size(), callee.size() - cast.size() - 1)));
  }
  return {};
}

Kinds KindsOfType(const analysis::Language& language, std::string_view type) {
  type = Plain(type);
  if (type.empty()) return 0;
  auto named = [&](std::string_view name) -> Kinds {
    for (const auto& row : language.kind_names) {
      if (row.name == name) return row.kinds;
    }
    return 0;
  };
  if (type.ends_with('*')) {
    std::string_view target = Plain(type.substr(0, type.size() - 1));
    if (target == "char") return analysis::kText;
    return named(target) != 0 || target.ends_with('*') ? analysis::kListKind : analysis::kObject;
  }
  // "unsigned long", "std::vector<int>", "long double"
  if (type.ends_with("double")) return analysis::kReal;
  if (type.ends_with("char") && type != "char") return analysis::kLetter;
  return named(type.substr(0, type.find_first_of("< ")));
}

}  // namespace coditect::repair
