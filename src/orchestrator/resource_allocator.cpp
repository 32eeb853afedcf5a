// Resource allocator.
#include "src/orchestrator/resource_allocator.h"

#include <algorithm>

namespace coditect {

std::optional<Proposal> ProposeTeam(const MissionState& mission) {
  if (mission.plan_version == 0 || mission.team_version == mission.plan_version) {
    return std::nullopt;
  }
  constexpr std::array<uint32_t, kRoleCount> kMax = {0, 10, 5, 10, 1, 1};
  std::array<uint32_t, kRoleCount> tasks{};
  for (const TaskState& task : mission.tasks) {
    if (task.plan_version <= mission.plan_version && !IsTerminal(task.status)) {
      tasks[static_cast<size_t>(task.spec.role)] += 1;
    }
  }
  Proposal proposal;
  proposal.kind = ProposalKind::kTeam;
  proposal.plan_version = mission.plan_version;
  for (int i = 1; i < kRoleCount; ++i) {
    const uint32_t agents = std::min(tasks[static_cast<size_t>(i)], kMax[static_cast<size_t>(i)]);
    if (agents > 0) proposal.team.push_back({static_cast<Role>(i), agents});
  }
  proposal.reason = "capability and availability";
  return proposal;
}

}  // namespace coditect
