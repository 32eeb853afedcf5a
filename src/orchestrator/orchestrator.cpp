// Layer 1: composition of the four deciders.
#include "src/orchestrator/orchestrator.h"

#include <optional>

#include "src/orchestrator/goal_manager.h"
#include "src/orchestrator/merge_queue.h"
#include "src/orchestrator/mission_planner.h"
#include "src/orchestrator/resource_allocator.h"

namespace coditect {

std::vector<MissionProposal> Orchestrator::Decide(const MissionState& mission) const {
  std::vector<MissionProposal> out;
  if (!mission.running()) return out;
  // A verdict ends the mission, so nothing else is worth proposing beside it.
  if (auto verdict = ProposeVerdict(mission)) {
    out.push_back({.proposal = *std::move(verdict)});
    return out;
  }
  if (auto plan = ProposePlan(mission)) out.push_back(*std::move(plan));
  if (auto team = ProposeTeam(mission)) out.push_back({.proposal = *std::move(team)});
  if (auto batch = ProposeBatch(mission)) out.push_back({.proposal = *std::move(batch)});
  if (auto merge = ProposeMerge(mission)) out.push_back({.proposal = *std::move(merge)});
  return out;
}

StatusOr<PlanDocument> Orchestrator::Plan(const PlanningContext& context) const {
  return PlanRepairs(context);
}

}  // namespace coditect
