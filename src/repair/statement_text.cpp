// Statements as text.
#include "src/repair/statement_text.h"

namespace coditect::repair {

using analysis::SyntaxTree;

std::vector<NodeId> Siblings(const SyntaxTree& tree, NodeId statement) {
  NodeId block = tree[statement].parent;
  if (block == kNoNode) return {};
  return tree.Children(block);
}

std::string_view IndentAt(const SyntaxTree& tree, NodeId node) {
  std::string_view indent;
  analysis::IndentOf(tree, node, &indent);
  return indent.substr(0, indent.find_first_not_of(" \t"));
}

Splice Removal(const Site& site, NodeId statement) {
  const SyntaxTree& tree = site.tree();
  const std::string& text = tree.text();
  uint32_t start = tree[statement].start, end = tree[statement].end;
  std::string_view indent;
  bool own = analysis::IndentOf(tree, statement, &indent);
  uint32_t after = end;
  while (after < text.size() && (text[after] == ' ' || text[after] == '\t')) ++after;
  bool line_ends = after == text.size() || text[after] == '\n';
  if (own && line_ends && Siblings(tree, statement).size() > 1 && after < text.size()) {
    return {start - static_cast<uint32_t>(indent.size()), after + 1, ""};
  }
  return {start, end, std::string(site.spelling().empty_statement)};
}

std::string Reindent(std::string_view text, std::string_view from, std::string_view to) {
  std::string out;
  bool first = true;
  for (const std::string& line : Split(text, '\n')) {
    if (!first) out += '\n';
    if (!first && line.starts_with(from)) {
      out += StrCat(to, line.substr(from.size()));
    } else {
      out += line;
    }
    first = false;
  }
  return out;
}

NodeId LastBlock(const SyntaxTree& tree, NodeId compound) {
  NodeId last = kNoNode;
  for (NodeId child : tree.Children(compound)) {
    if (tree[child].role == Role::kBlock) last = child;
    if (NodeId block = tree.Child(child, Role::kBlock); block != kNoNode) last = block;
  }
  return last;
}

bool IsSimple(const SyntaxTree& tree, NodeId statement) {
  switch (tree[statement].role) {
    case Role::kExpressionStatement:
      return tree.RoleOf(tree.FirstChild(statement)) != Role::kString;
    case Role::kReturn:
    case Role::kBreak:
    case Role::kContinue:
    case Role::kPass:
    case Role::kRaise:
    case Role::kAssert:
    case Role::kDelete:
      return true;
    default:
      return false;
  }
}

NodeId OwnerOf(const SyntaxTree& tree, NodeId statement) {
  NodeId block = tree[statement].parent;
  if (block == kNoNode || tree[block].role != Role::kBlock) return kNoNode;
  NodeId owner = tree[block].parent;
  Role role = tree[owner].role;
  return role == Role::kFunction || role == Role::kClass ? kNoNode : owner;
}

}  // namespace coditect::repair
