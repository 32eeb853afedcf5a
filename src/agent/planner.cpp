// The planner: turns what was observed into a plan, by the orchestrator's rules.
#include <utility>

#include "src/agent/lease.h"
#include "src/agent/mission_resources.h"
#include "src/domain/plan.h"

namespace coditect {

StatusOr<Work> MakePlan(const Lease& lease) {
  PlanningContext context;
  context.request = lease.mission.request();
  ASSIGN_OR_RETURN(context.baseline, lease.Get<Baseline>(lease.Parameter("baseline")));
  ASSIGN_OR_RETURN(context.faults, lease.Get<FaultReport>(lease.Parameter("faults")));
  context.experience = ParseExperience(lease.Parameter("experience"));
  context.first_ordinal = static_cast<uint32_t>(lease.IntParameter("first_task"));
  ASSIGN_OR_RETURN(const PlanDocument plan, lease.services.orchestrator.Plan(context));
  const auto version = static_cast<uint32_t>(lease.IntParameter("plan_version"));
  Work work;
  work.result = lease.NewResult(ResultOutcome::kSuccess);
  ASSIGN_OR_RETURN(work.result.outputs["plan"], lease.Put(plan));
  for (const TaskSpec& task : plan.tasks) {
    work.drafts.push_back({.plan_version = version, .task = task});
  }
  work.result.plan = PlanDraft{.version = version,
                               .count = static_cast<uint32_t>(plan.tasks.size()),
                               .digest = PlanDigest(plan.tasks)};
  lease.Think("PLAN",
              {{"reasoning", plan.reasoning}, {"tasks", std::to_string(plan.tasks.size())}});
  return work;
}

}  // namespace coditect
