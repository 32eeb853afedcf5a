// Operators on whole statements: delete, move, into and out of blocks, jumps.
#include <algorithm>

#include "src/repair/operators.h"
#include "src/repair/statement_text.h"

namespace coditect::repair {
namespace {

using analysis::SyntaxTree;

size_t PositionOf(const std::vector<NodeId>& items, NodeId id) {
  return static_cast<size_t>(std::find(items.begin(), items.end(), id) - items.begin());
}

bool IsClause(Role role) {
  return role == Role::kElif || role == Role::kElse || role == Role::kExcept ||
         role == Role::kFinally || role == Role::kCase;
}

/// The same with braces: what stands between the two places stays as it is.
void MoveTo(const Site& site, uint32_t place, std::string_view indent, double factor,
            Proposals& out) {
  NodeId statement = site.statement().node;
  std::string moved = StrCat("\n", indent, Shifted(site, statement, site.indent(), indent));
  out.Edit({Removal(site, statement), {place, place, moved}}, factor);
}

/// The compound statement a clause belongs to, or the owner itself.
NodeId Compound(const SyntaxTree& tree, NodeId owner) {
  while (owner != kNoNode && IsClause(tree[owner].role)) owner = tree[owner].parent;
  return owner;
}

/// Moves the last statement of a block behind the statement that owns the block.
void MoveOut(const Site& site, NodeId compound, double factor, Proposals& out) {
  const SyntaxTree& tree = site.tree();
  NodeId statement = site.statement().node;
  auto siblings = Siblings(tree, statement);
  size_t at = PositionOf(siblings, statement);
  std::string_view outer = IndentAt(tree, compound);
  if (site.form().braces) return MoveTo(site, tree[compound].end, outer, factor, out);
  std::string moved = StrCat("\n", outer, Reindent(site.Text(statement), site.indent(), outer));
  if (at == 0) {
    std::string empty(site.spelling().empty_statement);
    if (tree[statement].end == tree[compound].end) {
      out.Edit(tree[statement].start, tree[compound].end, StrCat(empty, moved), factor * 0.4);
    }
    return;
  }
  uint32_t from = tree[siblings[at - 1]].end;
  if (tree[statement].end == tree[compound].end) {
    out.Edit(from, tree[compound].end, moved, factor);
  } else {
    out.Edit({{from, tree[statement].end, ""}, {tree[compound].end, tree[compound].end, moved}},
             factor);
  }
}

/// Moves the first statement of a block in front of the statement that owns the block.
void MoveBefore(const Site& site, NodeId compound, Proposals& out) {
  const SyntaxTree& tree = site.tree();
  NodeId statement = site.statement().node;
  auto siblings = Siblings(tree, statement);
  if (siblings.size() < 2 || siblings[0] != statement) return;
  std::string_view outer = IndentAt(tree, compound);
  std::string moved = StrCat(Reindent(site.Text(statement), site.indent(), outer), "\n", outer);
  out.Edit({{tree[compound].start, tree[compound].start, moved}, Removal(site, statement)}, 0.5);
}

/// With braces a line of its own is a matter of taste, but a bare statement is its owner's.
bool CanMove(const Site& site) {
  if (!site.form().braces) return site.own_line();
  return !site.statement().bare && site.FunctionNode() != 0;
}

}  // namespace

void StatementDelete(const Site& site, Proposals& out) {
  const SyntaxTree& tree = site.tree();
  NodeId statement = site.statement().node;
  auto remove = [&](NodeId node, double factor) {
    Splice splice = Removal(site, node);
    out.Edit(splice.start, splice.end, splice.text, factor);
  };
  if (site.role() == Role::kElse || site.role() == Role::kElif) {
    uint32_t before = site.own_line() ? static_cast<uint32_t>(site.indent().size()) : 0;
    out.Edit(tree[statement].start - before, tree[statement].end, "", 0.5);
    return;
  }
  if (site.statement().clause || (!site.own_line() && !site.form().braces)) return;
  if (site.role() == Role::kIf) remove(statement, 0.5);
  bool loop = site.role() == Role::kFor || site.role() == Role::kWhile || site.role() == Role::kDo;
  if (loop && site.form().braces) remove(statement, 0.5);
  if (!IsSimple(tree, statement) || site.role() == Role::kPass) return;
  remove(statement, site.role() == Role::kReturn ? 0.5 : 1.0);
  auto siblings = Siblings(tree, statement);
  size_t at = PositionOf(siblings, statement);
  if (at + 1 < siblings.size() && IsSimple(tree, siblings[at + 1]) && siblings.size() > 2) {
    Splice first = Removal(site, statement), second = Removal(site, siblings[at + 1]);
    if (first.end <= second.start) out.Edit({first, second}, 0.5);
  }
}

void StatementMove(const Site& site, Proposals& out) {
  const SyntaxTree& tree = site.tree();
  NodeId statement = site.statement().node;
  if (site.statement().clause || !CanMove(site)) return;
  auto siblings = Siblings(tree, statement);
  size_t at = PositionOf(siblings, statement);
  if (at + 1 >= siblings.size()) return;
  auto exchange = [&](size_t other, double factor) {
    NodeId next = siblings[other];
    if (tree[next].role == Role::kFunction || tree[next].role == Role::kClass) return;
    std::string_view indent;
    bool own = analysis::IndentOf(tree, next, &indent);
    if (!site.form().braces && (!own || indent != site.indent())) return;
    out.Edit({{tree[statement].start, tree[statement].end, std::string(site.Text(next))},
              {tree[next].start, tree[next].end, std::string(site.Text(statement))}},
             factor);
  };
  exchange(at + 1, 1.0);
  if (at + 2 < siblings.size()) exchange(at + 2, 0.4);
  if (at + 2 < siblings.size() && IsSimple(tree, statement)) {  // to the end of the block
    NodeId last = siblings.back();
    std::string moved = StrCat("\n", site.indent(), site.Text(statement));
    out.Edit({Removal(site, statement), {tree[last].end, tree[last].end, moved}}, 0.4);
  }
}

void StatementIndent(const Site& site, Proposals& out) {
  const SyntaxTree& tree = site.tree();
  NodeId statement = site.statement().node;
  if (site.statement().clause || !CanMove(site)) return;
  if (tree[statement].role == Role::kFunction || tree[statement].role == Role::kClass) return;
  auto siblings = Siblings(tree, statement);
  size_t at = PositionOf(siblings, statement);
  NodeId compound = Compound(tree, OwnerOf(tree, statement));
  if (compound != kNoNode) {
    if (at + 1 == siblings.size()) {
      double factor = 1.0;
      for (NodeId up = compound; up != kNoNode; up = Compound(tree, OwnerOf(tree, up))) {
        MoveOut(site, up, factor, out);
        factor *= 0.6;
      }
    }
    if (IsSimple(tree, statement)) MoveBefore(site, compound, out);
  }
  if (at > 0) {  // into the block before it
    NodeId previous = siblings[at - 1];
    double factor = 1.0;
    for (NodeId block = LastBlock(tree, previous); block != kNoNode;) {
      auto inside = analysis::StatementsIn(tree, block);
      if (inside.empty()) break;
      std::string_view indent = IndentAt(tree, inside.back());
      if (site.form().braces) {
        MoveTo(site, tree[inside.back()].end, indent, factor, out);
        factor *= 0.6;
        block = LastBlock(tree, inside.back());
        continue;
      }
      std::string moved =
          StrCat("\n", indent, Reindent(site.Text(statement), site.indent(), indent));
      out.Edit(tree[previous].end, tree[statement].end, moved, factor);
      factor *= 0.6;
      block = LastBlock(tree, inside.back());
    }
  }
  if (at + 1 < siblings.size() &&
      IsSimple(tree, statement)) {  // to the start of the block after it
    NodeId body = tree.Child(siblings[at + 1], Role::kBlock);
    auto inside = body == kNoNode ? std::vector<NodeId>() : analysis::StatementsIn(tree, body);
    if (inside.empty()) return;
    std::string_view indent = IndentAt(tree, inside[0]);
    std::string moved = StrCat(site.Text(statement), "\n", indent);
    out.Edit({Removal(site, statement), {tree[inside[0]].start, tree[inside[0]].start, moved}},
             0.5);
  }
}

void BlockUnwrap(const Site& site, Proposals& out) {
  const SyntaxTree& tree = site.tree();
  const Statement& own = site.statement();
  if (own.body == kNoNode || (!site.own_line() && !site.form().braces)) return;
  Role role = site.role();
  uint32_t keyword = tree[own.node].start;
  const auto& say = site.spelling();
  auto change = [&](std::string_view from, std::string_view to, double factor) {
    out.Edit(keyword, keyword + static_cast<uint32_t>(from.size()), to, factor);
  };
  if (role == Role::kElif) change(say.elif_keyword, say.if_keyword, 0.6);
  if (role == Role::kWhile) change(say.while_keyword, say.if_keyword, 0.4);
  if (role == Role::kIf) {
    change(say.if_keyword, say.while_keyword, 0.4);
    auto siblings = Siblings(tree, own.node);
    size_t at = PositionOf(siblings, own.node);
    bool behind = at > 0 && at < siblings.size() && tree[siblings[at - 1]].role == Role::kIf;
    if (behind && site.form().braces) {
      uint32_t end = tree[siblings[at - 1]].end;  // the edit is the previous statement's
      out.Edit(end, keyword, StrCat("\n", site.indent(), "else "), 0.7);
    } else if (behind) {
      change(say.if_keyword, say.elif_keyword, 0.7);
    }
  }
  if (role != Role::kIf && role != Role::kWhile && role != Role::kFor) return;
  auto inside = analysis::StatementsIn(tree, own.body);
  if (inside.empty()) return;
  std::string_view indent = IndentAt(tree, inside[0]);
  if (own.bare && inside.size() > 1) return;
  std::string_view body =
      std::string_view(tree.text())
          .substr(tree[inside[0]].start, tree[inside.back()].end - tree[inside[0]].start);
  if (!site.form().braces && tree[inside[0]].line == tree[own.node].line) return;
  out.Edit(keyword, tree[own.node].end, Reindent(body, indent, site.indent()), 0.5);
}

void JumpKind(const Site& site, Proposals& out) {
  const SyntaxTree& tree = site.tree();
  const auto& say = site.spelling();
  NodeId statement = site.statement().node;
  Role role = site.role();
  bool jump = role == Role::kBreak || role == Role::kContinue || role == Role::kPass ||
              (role == Role::kReturn && tree.Children(statement).empty());
  if (jump) {
    for (std::string_view to :
         {say.break_statement, say.continue_statement, say.empty_statement, say.return_statement}) {
      bool loop_only = to == say.break_statement || to == say.continue_statement;
      if (loop_only && !site.InLoop()) continue;
      out.ReplaceToken(statement, to, 0.6);
    }
    return;
  }
  if (!IsSimple(tree, statement) || (!site.own_line() && !site.form().braces)) return;
  std::string head = StrCat("\n", site.indent());
  bool section = tree.RoleOf(tree[statement].parent) == Role::kSection;
  if ((site.InLoop() || section) && !site.statement().bare) {  // a missing jump at the end
    if (Siblings(tree, statement).back() == statement && role != Role::kReturn &&
        role != Role::kRaise) {
      out.Edit(tree[statement].end, tree[statement].end, StrCat(head, say.break_statement), 0.5);
      if (site.InLoop())
        out.Edit(tree[statement].end, tree[statement].end, StrCat(head, say.continue_statement),
                 0.4);
    }
  }
  NodeId inner = tree.FirstChild(statement);
  if (role == Role::kReturn && tree.Children(statement).size() == 1) {
    uint32_t value = tree[tree.Children(statement)[0]].start;
    if (!say.yield_keyword.empty()) out.Edit(tree[statement].start, value, say.yield_keyword, 0.2);
  } else if (role == Role::kExpressionStatement && tree.RoleOf(inner) != Role::kAssignment &&
             tree.RoleOf(inner) != Role::kAugmentedAssignment &&
             tree.RoleOf(inner) != Role::kUpdate && tree[inner].named &&
             tree.RoleOf(inner) != Role::kYield) {
    out.Edit(tree[statement].start, tree[statement].start, say.return_keyword, 0.7);
  }
}

}  // namespace coditect::repair
