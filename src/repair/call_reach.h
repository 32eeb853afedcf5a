// How far a function lies from the failing tests' code, by the names that are called.
#pragma once

#include <initializer_list>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "src/repair/source_model.h"

namespace coditect::repair {

/// Name of what a call calls, without what stands before it ("b" of `a.b()`); "" when it has none.
std::string_view CalledName(const analysis::SyntaxTree& tree, NodeId call);

/// Graph of calls by name: functions of one name are one. What is called without being named
/// (operators, constructors, destructors) is one step behind the other methods of its class.
class CallReach {
 public:
  static constexpr int kStepsMax = 8;

  void Add(const SourceModel& model);

  /// Steps to every name within kStepsMax: from `called` (0 = it is one of these) along calls, and
  /// from the functions `seen` to fail, by their qualified names, to their callers as well.
  void Walk(const std::set<std::string>& called, const std::set<std::string>& seen);

  /// Of a function by its qualified name; nothing when it lies further away.
  std::optional<int> Steps(std::string_view qualified_name) const;

 private:
  using Edges = std::map<std::string, std::set<std::string>>;
  void Follow(std::vector<std::string> from, std::initializer_list<const Edges*> edges);

  Edges calls_;  // by name
  std::map<std::string, int> steps_;
};

}  // namespace coditect::repair
