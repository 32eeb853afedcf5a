// Which names a piece of code can see.
#pragma once

#include <string_view>
#include <vector>

#include "src/analysis/syntax_tree.h"

namespace coditect::analysis {

enum class NameOrigin : uint8_t {
  kParameter,
  kLocal,
  kLoop,  // the variable of a `for` or a comprehension
  kGlobal,
  kFunction,
  kClass,
  kImport,
  kBuiltin,  // used in the file, bound nowhere in it
};

/// One binding of a name: visible in its scope from `offset` on.
struct Binding {
  std::string_view name;  // into the tree's text, or the language's table
  NameOrigin origin = NameOrigin::kLocal;
  NodeId node = kNoNode;   // the identifier that binds; kNoNode for a builtin
  NodeId value = kNoNode;  // the expression assigned, when it is one
  NodeId scope = 0;        // module, function, class, lambda, comprehension; with braces: block
  uint32_t offset = 0;     // visible from this byte on
  uint32_t reads = 0;      // other uses of the name inside the scope
};

/// Names of one file. Refers to the tree, which must outlive it.
class ScopeTable {
 public:
  explicit ScopeTable(const SyntaxTree& tree);

  /// Names visible at byte `offset`, each once (the innermost binding), innermost scopes first and
  /// then in the order of binding.
  std::vector<const Binding*> VisibleAt(uint32_t offset) const;

  const std::vector<Binding>& bindings() const { return bindings_; }

 private:
  void Collect();
  void CollectDeclared(NodeId declaration);
  std::string_view HolderAt(uint32_t offset) const;
  void Bind(NodeId target, NameOrigin origin, NodeId value, uint32_t offset);
  void CountReads();
  NodeId ScopeOf(NodeId node) const;

  const SyntaxTree& tree_;
  std::vector<Binding> bindings_;
};

}  // namespace coditect::analysis
