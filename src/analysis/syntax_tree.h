// A syntax tree as plain values: nodes in pre-order, each with its role, made by tree-sitter.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "src/analysis/language.h"
#include "src/base/status.h"

namespace coditect::analysis {

using NodeId = uint32_t;  // index in SyntaxTree::nodes
inline constexpr NodeId kNoNode = UINT32_MAX;

/// Larger files are refused.
inline constexpr size_t kSourceBytesMax = 8u << 20;

struct SyntaxNode {
  Role role = Role::kOther;
  Field field = Field::kNone;
  bool named = false;
  uint16_t kind = 0;   // the grammar's symbol
  uint32_t start = 0;  // bytes [start, end)
  uint32_t end = 0;
  uint32_t line = 0;      // of `start`, from 1
  uint32_t end_line = 0;  // of the last byte
  NodeId parent = kNoNode;
  NodeId subtree_end = 0;  // first node after this one's descendants
};

/// The tree of one text. Owns a copy of the text. All walks are loops, so that depth costs nothing.
class SyntaxTree {
 public:
  SyntaxTree(const Language& language, std::string text, std::vector<SyntaxNode> nodes)
      : language_(&language), text_(std::move(text)), nodes_(std::move(nodes)) {}

  const Language& language() const { return *language_; }
  const std::string& text() const { return text_; }
  const std::vector<SyntaxNode>& nodes() const { return nodes_; }
  NodeId size() const { return static_cast<NodeId>(nodes_.size()); }
  const SyntaxNode& operator[](NodeId id) const { return nodes_[id]; }

  std::string_view Text(NodeId id) const {
    return std::string_view(text_).substr(nodes_[id].start, nodes_[id].end - nodes_[id].start);
  }
  Role RoleOf(NodeId id) const { return id == kNoNode ? Role::kOther : nodes_[id].role; }

  NodeId FirstChild(NodeId id) const { return id + 1 < nodes_[id].subtree_end ? id + 1 : kNoNode; }
  NodeId NextSibling(NodeId id) const {
    NodeId parent = nodes_[id].parent;
    if (parent == kNoNode) return kNoNode;
    NodeId next = nodes_[id].subtree_end;
    return next < nodes_[parent].subtree_end ? next : kNoNode;
  }
  /// Children in order; named ones without comments only, unless `all`.
  std::vector<NodeId> Children(NodeId id, bool all = false) const;
  /// The first child with that field or role; kNoNode when there is none.
  NodeId Child(NodeId id, Field field) const;
  NodeId Child(NodeId id, Role role) const;
  /// The nearest ancestor (not the node itself) with one of the roles.
  NodeId Ancestor(NodeId id, std::initializer_list<Role> roles) const;
  bool IsBelow(NodeId id, NodeId ancestor) const {
    return id >= ancestor && id < nodes_[ancestor].subtree_end;
  }
  /// The smallest node that spans bytes [start, end).
  NodeId Covering(uint32_t start, uint32_t end) const;
  bool HasErrors() const;

 private:
  const Language* language_;
  std::string text_;
  std::vector<SyntaxNode> nodes_;
};

/// A tree-sitter parser of one language. One caller at a time.
class Parser {
 public:
  explicit Parser(const Language& language);
  ~Parser();
  Parser(Parser&&) noexcept;
  Parser& operator=(Parser&&) noexcept;

  /// Parses; text that is no program gives a tree with error nodes. RESOURCE_EXHAUSTED when the
  /// text is larger than kSourceBytesMax, or so broken that the parser reads it again and again.
  StatusOr<SyntaxTree> Parse(std::string text);

  /// True when `text` parses without an error.
  bool Accepts(std::string_view text);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace coditect::analysis
