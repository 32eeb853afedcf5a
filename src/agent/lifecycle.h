// An agent's lifecycle (sdd 2.3): IDLE -> RECEIVE_TASK -> PLAN -> EXECUTE -> REPORT -> IDLE.
#pragma once

#include <array>
#include <functional>
#include <string_view>

#include "src/base/status.h"

namespace coditect {

enum class AgentState { kIdle, kReceiveTask, kPlan, kExecute, kReport, kError, kStopped };
constexpr std::string_view AgentStateName(AgentState state) {
  constexpr std::array<std::string_view, 7> names = {"IDLE",   "RECEIVE_TASK", "PLAN",   "EXECUTE",
                                                     "REPORT", "ERROR",        "STOPPED"};
  return names[static_cast<size_t>(state)];
}

/// True for the transitions of the table: forward along the cycle, to ERROR from every working
/// state, to STOPPED (the emergency reflex) from every state, and from ERROR and STOPPED to IDLE.
bool MayMove(AgentState from, AgentState to);

/// One agent's state; each transition is announced. One owner thread.
class AgentLifecycle {
 public:
  using Announce = std::function<void(AgentState from, AgentState to)>;

  explicit AgentLifecycle(Announce announce) : announce_(std::move(announce)) {}

  AgentState state() const { return state_; }

  /// FAILED_PRECONDITION for a transition that is not in the table; the state stays.
  Status MoveTo(AgentState to);

 private:
  const Announce announce_;
  AgentState state_ = AgentState::kIdle;
};

}  // namespace coditect
