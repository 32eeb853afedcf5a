// Statements of a file: executable lines, and which statement a line belongs to.
#pragma once

#include <vector>

#include "src/analysis/syntax_tree.h"

namespace coditect::analysis {

/// A statement, or a clause that carries a block (`elif`, `else`, `except` …).
struct Statement {
  NodeId node = kNoNode;
  NodeId block = kNoNode;  // the block or module it stands in; of a clause: its statement's
  NodeId body = kNoNode;   // its first block, or the statement that stands for it without
                           // brackets; kNoNode for a simple statement
  uint32_t first_line = 0;
  uint32_t header_end = 0;       // byte after its own text, before its blocks
  uint32_t header_end_line = 0;  // last line of its own text
  bool clause = false;
  bool bare = false;  // stands for a block without brackets: `if (a) this;`
};

/// Every statement in the order of the text.
std::vector<Statement> Statements(const SyntaxTree& tree);

/// The statements of a block, a section of a `switch` or a module, in order, without clauses; a
/// statement that stands for a block is all of it.
std::vector<NodeId> StatementsIn(const SyntaxTree& tree, NodeId block);

/// Index of the statement whose own text holds `line`; -1 when there is none.
int StatementAtLine(const std::vector<Statement>& statements, uint32_t line);

/// First lines of statements that run when reached, ascending: no comments, documentation strings
/// or bare clauses.
std::vector<uint32_t> ExecutableLines(const SyntaxTree& tree);

/// White space before the statement on its line; false when something else stands there.
bool IndentOf(const SyntaxTree& tree, NodeId statement, std::string_view* indent);

}  // namespace coditect::analysis
