// Mission planner (sdd 2.1.1): from a request and what was observed to a task DAG, by rules.
#pragma once

#include <optional>
#include <string>

#include "src/ports/orchestrator_service.h"

namespace coditect {

enum class GoalKind {
  kTestsPass,   // "make the tests pass", "fix the failing tests", …
  kBuilds,      // "make it build", "fix the compile errors", …
  kNeedsModel,  // anything else: no rule knows how to do it
};

/// What the goal's words ask for. Case, punctuation and filler words do not matter.
GoalKind ClassifyGoal(const std::string& goal);

/// The next plan, when one is due: the first one (observe, localize, plan), or the one the planner
/// drafted, once its draft is complete and valid.
std::optional<MissionProposal> ProposePlan(const MissionState& mission);

/// One group of rival repairs, a verification and a merge per cluster of failing tests, and a
/// delivery; where the goal is a build, its rivals are where a use and a declaration disagree.
/// INVALID_ARGUMENT when there is no cluster.
StatusOr<PlanDocument> PlanRepairs(const PlanningContext& context);

}  // namespace coditect
