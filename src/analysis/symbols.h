// Functions, classes and methods of a file.
#pragma once

#include <string>
#include <vector>

#include "src/analysis/syntax_tree.h"

namespace coditect::analysis {

struct Symbol {
  enum class Kind { kFunction, kMethod, kClass };
  Kind kind = Kind::kFunction;
  std::string name;
  std::string qualified_name;  // "Class.method", "outer.inner"
  NodeId node = kNoNode;       // the definition, without decorators
  NodeId body = kNoNode;
  uint32_t start = 0;  // bytes, decorators included
  uint32_t end = 0;
  uint32_t first_line = 0;  // decorators included
  uint32_t last_line = 0;
  std::vector<std::string> parameters;
};

/// Every definition in the order of the text.
std::vector<Symbol> Symbols(const SyntaxTree& tree);

/// The innermost function or method around byte `offset`; null at module or class level.
const Symbol* FunctionAt(const std::vector<Symbol>& symbols, uint32_t offset);

/// `name` as a person and coverage write it: without the "<locals>." of Python's __qualname__.
std::string PlainQualifiedName(std::string name);

/// The name a parameter node binds; "" for `*` and `/`.
std::string_view ParameterName(const SyntaxTree& tree, NodeId parameter);

}  // namespace coditect::analysis
