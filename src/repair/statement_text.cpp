// Statements as text.
#include "src/repair/statement_text.h"

namespace coditect::repair {

using analysis::SyntaxTree;

std::vector<NodeId> Siblings(const SyntaxTree& tree, NodeId statement) {
  NodeId block = tree[statement].parent;
  if (block == kNoNode) return {};
  Role role = tree[block].role;
  bool holds = role == Role::kBlock || role == Role::kModule || role == Role::kSection;
  if (tree.language().form.braces && !holds) return {statement};
  return analysis::StatementsIn(tree, block);
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
  Role holder = tree.RoleOf(tree[statement].parent);
  bool braces = site.form().braces && (holder == Role::kBlock || holder == Role::kSection);
  bool others = braces || Siblings(tree, statement).size() > 1;
  if (own && line_ends && others && after < text.size()) {
    return {start - static_cast<uint32_t>(indent.size()), after + 1, ""};
  }
  if (braces) return {start, end, ""};
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

std::string Shifted(const Site& site, NodeId statement, std::string_view from,
                    std::string_view to) {
  const SyntaxTree& tree = site.tree();
  std::string_view text = site.Text(statement);
  for (NodeId id = statement; site.form().braces && id < tree[statement].subtree_end; ++id) {
    if (tree[id].role == Role::kString && tree[id].line != tree[id].end_line)
      return std::string(text);
  }
  return Reindent(text, from, to);
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
  bool none = role == Role::kFunction || role == Role::kClass || role == Role::kLambda ||
              role == Role::kBlock || role == Role::kSection;
  return none ? kNoNode : owner;
}

}  // namespace coditect::repair
