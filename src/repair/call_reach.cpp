// Breadth-first over names.
#include "src/repair/call_reach.h"

#include "src/base/strings.h"

namespace coditect::repair {
namespace {

using analysis::Field;

struct Names {
  std::string_view function;
  std::string_view owner;  // its class or what else stands around it; "" = none
};

Names NamesOf(std::string_view qualified) {
  const size_t end = qualified.rfind('.');
  if (end == std::string_view::npos) return {.function = qualified, .owner = {}};
  const std::string_view around = qualified.substr(0, end);
  const size_t before = around.rfind('.');
  return {.function = qualified.substr(end + 1),
          .owner = before == std::string_view::npos ? around : around.substr(before + 1)};
}

bool CalledUnnamed(const Names& names) {
  return !names.owner.empty() &&
         (names.function == names.owner || names.function.starts_with('~') ||
          names.function.starts_with("operator"));
}

/// Key of what a class calls without its being named: no name has a colon.
std::string UnnamedOf(std::string_view owner) { return StrCat(owner, ":"); }

std::string KeyOf(std::string_view qualified) {
  const Names names = NamesOf(qualified);
  return CalledUnnamed(names) ? UnnamedOf(names.owner) : std::string(names.function);
}

}  // namespace

std::string_view CalledName(const analysis::SyntaxTree& tree, NodeId call) {
  NodeId callee = tree.Child(call, Field::kFunction);
  if (callee != kNoNode && tree[callee].role == Role::kAttribute) {
    callee = tree.Child(callee, Field::kAttribute);
  }
  return callee == kNoNode ? std::string_view() : tree.Text(callee);
}

void CallReach::Add(const SourceModel& model) {
  for (const analysis::Symbol& symbol : model.symbols()) {
    if (symbol.kind == analysis::Symbol::Kind::kClass) continue;
    const Names names = NamesOf(symbol.qualified_name);
    const bool unnamed = CalledUnnamed(names);
    std::set<std::string>& own = calls_[KeyOf(symbol.qualified_name)];
    const analysis::SyntaxTree& tree = model.tree();
    for (NodeId id = symbol.node; id < tree[symbol.node].subtree_end; ++id) {
      if (tree[id].role == Role::kCall) own.emplace(CalledName(tree, id));
    }
    own.erase("");  // what has no name says nothing
    if (!unnamed && !names.owner.empty()) own.insert(UnnamedOf(names.owner));
  }
}

void CallReach::Walk(const std::set<std::string>& called, const std::set<std::string>& seen) {
  steps_.clear();
  Edges callers;
  for (const auto& [caller, names] : calls_) {
    for (const std::string& name : names) callers[name].insert(caller);
  }
  std::vector<std::string> from;
  for (const std::string& qualified : seen) from.push_back(KeyOf(qualified));
  Follow(std::move(from), {&calls_, &callers});  // first: it goes further from the same place
  Follow({called.begin(), called.end()}, {&calls_});
}

void CallReach::Follow(std::vector<std::string> from, std::initializer_list<const Edges*> edges) {
  for (int steps = 0; steps <= kStepsMax && !from.empty(); ++steps) {
    std::vector<std::string> next;
    for (const std::string& name : from) {
      const auto [known, fresh] = steps_.emplace(name, steps);
      if (!fresh && known->second <= steps) continue;
      known->second = steps;
      for (const Edges* one : edges) {
        const auto found = one->find(name);
        if (found != one->end())
          next.insert(next.end(), found->second.begin(), found->second.end());
      }
    }
    from = std::move(next);
  }
}

std::optional<int> CallReach::Steps(std::string_view qualified_name) const {
  const auto found = steps_.find(KeyOf(qualified_name));
  if (found == steps_.end()) return std::nullopt;
  return found->second;
}

}  // namespace coditect::repair
