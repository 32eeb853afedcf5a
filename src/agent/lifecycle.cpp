// An agent's lifecycle.
#include "src/agent/lifecycle.h"

namespace coditect {

bool MayMove(AgentState from, AgentState to) {
  if (to == AgentState::kStopped) return from != AgentState::kStopped;
  switch (from) {
    case AgentState::kIdle:
      return to == AgentState::kReceiveTask;
    case AgentState::kReceiveTask:
      return to == AgentState::kPlan || to == AgentState::kError;
    case AgentState::kPlan:
      return to == AgentState::kExecute || to == AgentState::kError;
    case AgentState::kExecute:
      return to == AgentState::kReport || to == AgentState::kError;
    case AgentState::kReport:
      return to == AgentState::kIdle || to == AgentState::kError;
    case AgentState::kError:
    case AgentState::kStopped:
      return to == AgentState::kIdle;
  }
  return false;
}

Status AgentLifecycle::MoveTo(AgentState to) {
  if (!MayMove(state_, to)) {
    return FailedPrecondition("an agent does not go from ", AgentStateName(state_), " to ",
                              AgentStateName(to));
  }
  const AgentState from = state_;
  state_ = to;
  announce_(from, to);
  return absl::OkStatus();
}

}  // namespace coditect
