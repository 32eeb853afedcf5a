// The transitions of an agent, each of the 49 by name.
#include "src/agent/lifecycle.h"

#include <doctest/doctest.h>

#include <set>
#include <utility>
#include <vector>

namespace coditect {
namespace {

constexpr std::array<AgentState, 7> kStates = {
    AgentState::kIdle,   AgentState::kReceiveTask, AgentState::kPlan,   AgentState::kExecute,
    AgentState::kReport, AgentState::kError,       AgentState::kStopped};

const std::set<std::pair<AgentState, AgentState>> kLegal = {
    {AgentState::kIdle, AgentState::kReceiveTask},
    {AgentState::kIdle, AgentState::kStopped},
    {AgentState::kReceiveTask, AgentState::kPlan},
    {AgentState::kReceiveTask, AgentState::kError},
    {AgentState::kReceiveTask, AgentState::kStopped},
    {AgentState::kPlan, AgentState::kExecute},
    {AgentState::kPlan, AgentState::kError},
    {AgentState::kPlan, AgentState::kStopped},
    {AgentState::kExecute, AgentState::kReport},
    {AgentState::kExecute, AgentState::kError},
    {AgentState::kExecute, AgentState::kStopped},
    {AgentState::kReport, AgentState::kIdle},
    {AgentState::kReport, AgentState::kError},
    {AgentState::kReport, AgentState::kStopped},
    {AgentState::kError, AgentState::kIdle},
    {AgentState::kError, AgentState::kStopped},
    {AgentState::kStopped, AgentState::kIdle}};

// The shortest way from IDLE to each state.
std::vector<AgentState> WayTo(AgentState state) {
  switch (state) {
    case AgentState::kError:
      return {AgentState::kReceiveTask, AgentState::kError};
    case AgentState::kStopped:
      return {AgentState::kStopped};
    default: {
      std::vector<AgentState> way;
      for (size_t i = 1; i <= static_cast<size_t>(state); ++i) way.push_back(kStates[i]);
      return way;
    }
  }
}

TEST_CASE("EveryTransitionIsAnnouncedOrRefusedAsTheTableSays") {
  for (const AgentState from : kStates) {
    for (const AgentState to : kStates) {
      CAPTURE(AgentStateName(from));
      CAPTURE(AgentStateName(to));
      std::vector<std::pair<AgentState, AgentState>> announced;
      AgentLifecycle agent([&](AgentState a, AgentState b) { announced.emplace_back(a, b); });
      for (const AgentState step : WayTo(from)) REQUIRE(agent.MoveTo(step).ok());
      REQUIRE_EQ(agent.state(), from);
      announced.clear();
      const bool legal = kLegal.contains({from, to});
      CHECK_EQ(MayMove(from, to), legal);
      const Status moved = agent.MoveTo(to);
      CHECK_EQ(moved.ok(), legal);
      CHECK_EQ(agent.state(), legal ? to : from);
      CHECK_EQ(announced.size(), legal ? 1 : 0);
      if (!legal) CHECK(absl::IsFailedPrecondition(moved));
    }
  }
}

}  // namespace
}  // namespace coditect
