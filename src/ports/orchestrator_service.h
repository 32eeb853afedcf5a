// What layer 1 offers to layer 2: proposals for a mission, from its state alone.
#pragma once

#include <vector>

#include "src/base/status.h"
#include "src/domain/fault_report.h"
#include "src/domain/state.h"
#include "src/domain/test_report.h"

namespace coditect {

/// A proposal, with the tasks it makes a plan of (kPlan only).
struct MissionProposal {
  std::vector<TaskPlanned> tasks;
  Proposal proposal;
};

/// What a planner knows when it makes the plan (sdd PlanRequest, with its context in typed form).
struct PlanningContext {
  MissionRequest request;
  Baseline baseline;
  FaultReport faults;
  Experience experience;       // of runs that ended; empty = none, or none is to be used
  uint32_t first_ordinal = 1;  // of the new plan's first task
};

/// Stateless: any number of replicas may propose for the same mission.
class OrchestratorService {
 public:
  virtual ~OrchestratorService() = default;

  /// What should happen next in the mission; at most one proposal of each kind. Pure.
  virtual std::vector<MissionProposal> Decide(const MissionState& mission) const = 0;

  /// The plan for what was observed, by the offline rules. Pure.
  virtual StatusOr<PlanDocument> Plan(const PlanningContext& context) const = 0;
};

}  // namespace coditect
