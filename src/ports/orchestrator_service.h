// What layer 1 offers to layer 2: proposals for a mission, from its state alone.
#pragma once

#include <vector>

#include "src/domain/state.h"

namespace coditect {

/// A proposal, with the tasks it makes a plan of (kPlan only).
struct MissionProposal {
  std::vector<TaskPlanned> tasks;
  Proposal proposal;
};

/// Stateless: any number of replicas may propose for the same mission.
class OrchestratorService {
 public:
  virtual ~OrchestratorService() = default;

  /// What should happen next in the mission; at most one proposal of each kind. Pure.
  virtual std::vector<MissionProposal> Decide(const MissionState& mission) const = 0;
};

}  // namespace coditect
