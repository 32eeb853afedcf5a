// Statements of a file: executable lines, and which statement a line belongs to.
#include "src/analysis/statements.h"

#include <algorithm>

namespace coditect::analysis {
namespace {

bool IsClause(Role role) {
  return role == Role::kElif || role == Role::kElse || role == Role::kExcept ||
         role == Role::kFinally || role == Role::kCase || role == Role::kSection ||
         role == Role::kDoCondition;
}

bool HoldsStatements(Role role) {
  return role == Role::kBlock || role == Role::kModule || role == Role::kSection;
}

/// Roles that are statements wherever they stand, in a language with braces.
bool IsStatementRole(Role role) {
  switch (role) {
    case Role::kFunction:
    case Role::kClass:
    case Role::kImport:
    case Role::kExpressionStatement:
    case Role::kDeclaration:
    case Role::kReturn:
    case Role::kIf:
    case Role::kFor:
    case Role::kWhile:
    case Role::kDo:
    case Role::kMatch:
    case Role::kBreak:
    case Role::kContinue:
    case Role::kRaise:
    case Role::kTry:
    case Role::kOtherStatement:
    case Role::kBlock:
      return true;
    default:
      return false;
  }
}

/// A statement without brackets where a block could stand.
bool IsBare(const SyntaxTree& tree, NodeId id) {
  if (!tree.language().form.braces || !IsStatementRole(tree[id].role)) return false;
  if (tree[id].role == Role::kBlock) return false;
  switch (tree.RoleOf(tree[id].parent)) {
    case Role::kIf:
      return tree[id].field == Field::kConsequence;
    case Role::kElse:
      return true;
    case Role::kFor:
    case Role::kWhile:
    case Role::kDo:
      return tree[id].field == Field::kBody;
    default:
      return false;
  }
}

bool StandsIn(const SyntaxTree& tree, NodeId id) {
  const SyntaxNode& node = tree[id];
  if (!node.named || node.role == Role::kComment || node.role == Role::kError) return false;
  if (IsClause(node.role)) return false;
  if (!tree.language().form.braces) return true;
  return IsStatementRole(node.role) && node.field != Field::kValue && node.field != Field::kType;
}

/// The end of the statement's own text: where its first block begins, without the white space.
void SetHeader(const SyntaxTree& tree, Statement* statement) {
  NodeId definition = statement->node;
  if (tree[definition].role == Role::kDecorated) {
    definition = tree.Child(definition, Field::kDefinition);
    if (definition == kNoNode) definition = statement->node;
  }
  const SyntaxNode& node = tree[statement->node];
  statement->first_line = node.line;
  statement->header_end = node.end;
  statement->header_end_line = node.end_line;
  if (node.role == Role::kBlock) {  // a block of its own: nothing but the bracket
    statement->body = statement->node;
    statement->header_end = node.start + 1;
    statement->header_end_line = node.line;
    return;
  }
  bool section = node.role == Role::kSection;
  for (NodeId child = tree.FirstChild(definition); child != kNoNode;
       child = tree.NextSibling(child)) {
    if (tree[child].role == Role::kBlock || IsBare(tree, child) ||
        (section && StandsIn(tree, child))) {
      statement->body = child;
      break;
    }
  }
  if (statement->body == kNoNode) return;
  NodeId last = statement->body;  // the last token before the block
  for (NodeId child = tree.FirstChild(definition); child != statement->body;
       child = tree.NextSibling(child)) {
    if (tree[child].role != Role::kComment) last = child;
  }
  if (last == statement->body) return;
  statement->header_end = tree[last].end;
  statement->header_end_line = tree[last].end_line;
}

}  // namespace

std::vector<Statement> Statements(const SyntaxTree& tree) {
  std::vector<Statement> out;
  for (NodeId id = 1; id < tree.size(); ++id) {
    const SyntaxNode& node = tree[id];
    if (!node.named || node.role == Role::kComment || node.role == Role::kError) continue;
    Statement statement;
    statement.node = id;
    if (IsClause(node.role)) {
      statement.clause = true;
      statement.block = tree.Ancestor(id, {Role::kBlock, Role::kModule});
    } else if (HoldsStatements(tree.RoleOf(node.parent)) && StandsIn(tree, id)) {
      statement.block = node.parent;
    } else if (IsBare(tree, id)) {
      statement.bare = true;
      statement.block = tree.Ancestor(id, {Role::kBlock, Role::kModule});
    } else {
      continue;
    }
    SetHeader(tree, &statement);
    out.push_back(statement);
  }
  return out;
}

std::vector<NodeId> StatementsIn(const SyntaxTree& tree, NodeId block) {
  if (!tree.language().form.braces) return tree.Children(block);
  if (!HoldsStatements(tree[block].role)) return {block};
  std::vector<NodeId> out;
  for (NodeId child = tree.FirstChild(block); child != kNoNode; child = tree.NextSibling(child)) {
    if (StandsIn(tree, child)) out.push_back(child);
  }
  return out;
}

int StatementAtLine(const std::vector<Statement>& statements, uint32_t line) {
  auto after = std::upper_bound(
      statements.begin(), statements.end(), line,
      [](uint32_t value, const Statement& statement) { return value < statement.first_line; });
  // Several statements may begin on one line, and a longer one may reach over shorter neighbours.
  for (auto it = after; it != statements.begin();) {
    --it;
    if (it->first_line <= line && line <= it->header_end_line) {
      while (it != statements.begin() && std::prev(it)->first_line == it->first_line) --it;
      return static_cast<int>(it - statements.begin());
    }
    if (it->block != kNoNode && it->first_line + 2000 < line) break;
  }
  return -1;
}

std::vector<uint32_t> ExecutableLines(const SyntaxTree& tree) {
  std::vector<uint32_t> lines;
  for (const Statement& statement : Statements(tree)) {
    Role role = tree[statement.node].role;
    if (role == Role::kElse || role == Role::kFinally || role == Role::kGlobal) continue;
    if (role == Role::kBlock || role == Role::kDo || role == Role::kSection) continue;
    if (role == Role::kExpressionStatement &&
        tree.RoleOf(tree.FirstChild(statement.node)) == Role::kString) {
      continue;
    }
    lines.push_back(statement.first_line);
  }
  std::sort(lines.begin(), lines.end());
  lines.erase(std::unique(lines.begin(), lines.end()), lines.end());
  return lines;
}

bool IndentOf(const SyntaxTree& tree, NodeId statement, std::string_view* indent) {
  const std::string& text = tree.text();
  uint32_t start = tree[statement].start;
  uint32_t at = start;
  while (at > 0 && text[at - 1] != '\n') --at;
  *indent = std::string_view(text).substr(at, start - at);
  return indent->find_first_not_of(" \t") == std::string_view::npos;
}

}  // namespace coditect::analysis
