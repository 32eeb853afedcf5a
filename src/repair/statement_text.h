// Statements as text: siblings, removal without a trace, re-indentation.
#pragma once

#include <string>
#include <vector>

#include "src/repair/operator.h"

namespace coditect::repair {

/// Statements of a block in order.
std::vector<NodeId> Siblings(const analysis::SyntaxTree& tree, NodeId statement);

/// The splice that removes a statement: its whole line when it has one of its own and the block
/// keeps another statement, else the empty statement in its place.
Splice Removal(const Site& site, NodeId statement);

/// `text` of a statement indented by `from`, indented by `to`; its first line has no indentation.
std::string Reindent(std::string_view text, std::string_view from, std::string_view to);

/// Text of a statement moved from one indentation to another; lines of a literal stay.
std::string Shifted(const Site& site, NodeId statement, std::string_view from, std::string_view to);

/// Indentation of the statements of a block, or of the line of any node.
std::string_view IndentAt(const analysis::SyntaxTree& tree, NodeId node);

/// The last block of a compound statement, its clauses included; kNoNode for a simple one.
NodeId LastBlock(const analysis::SyntaxTree& tree, NodeId compound);

/// True for a statement without blocks that is not an import, a declaration or documentation.
bool IsSimple(const analysis::SyntaxTree& tree, NodeId statement);

/// The compound statement or clause whose block holds the statement; kNoNode in a function's or the
/// module's own block.
NodeId OwnerOf(const analysis::SyntaxTree& tree, NodeId statement);

}  // namespace coditect::repair
