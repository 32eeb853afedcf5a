// Types as declarations write them, in languages that have them.
#pragma once

#include <string>
#include <string_view>

#include "src/analysis/scope.h"

namespace coditect::repair {

/// The type declared for the name at `node` ("std::vector<int>", "char*", "int[]"); "" when it has
/// none.
std::string DeclaredTypeOf(const analysis::SyntaxTree& tree, analysis::NodeId node);

/// What says more of a name whose type is to be deduced: its value, or the loop it is the variable
/// of.
analysis::NodeId ValueOf(const analysis::SyntaxTree& tree, const analysis::Binding& binding);

/// Of a container, pointer or text: "int" of "std::vector<int>", "V" of "map<K, V>"; else "".
std::string ElementType(std::string_view type);

/// "int" of "static_cast<int>"; else "".
std::string CastType(std::string_view callee);

/// Kinds of values of a type; 0 = unknown.
analysis::Kinds KindsOfType(const analysis::Language& language, std::string_view type);

}  // namespace coditect::repair
