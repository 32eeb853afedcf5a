// Goal manager: the verdict.
#include "src/orchestrator/goal_manager.h"

#include <algorithm>

#include "src/orchestrator/mission_planner.h"

namespace coditect {
namespace {

constexpr uint32_t kRefusalsMax = 3;

Proposal VerdictProposal(const MissionState& mission, Outcome outcome, std::string reason) {
  Proposal proposal;
  proposal.kind = ProposalKind::kVerdict;
  proposal.plan_version = mission.plan_version;
  proposal.outcome = outcome;
  proposal.reason = std::move(reason);
  return proposal;
}

/// A blocked task's reason is "word: sentence", the word being an outcome's.
Outcome OutcomeOf(const std::string& reason) {
  for (const Outcome outcome : {Outcome::kNotVerified, Outcome::kNeedsModel, Outcome::kLimit}) {
    if (reason.starts_with(StrCat(OutcomeWord(outcome), ": "))) return outcome;
  }
  return Outcome::kError;
}

std::string SentenceOf(const std::string& reason) {
  const size_t colon = reason.find(": ");
  const bool has_word =
      colon != std::string::npos && reason.substr(0, colon).find(' ') == std::string::npos;
  return has_word ? reason.substr(colon + 2) : reason;
}

const TaskState* FindIntent(const MissionState& mission, std::string_view intent) {
  for (const TaskState& task : mission.tasks) {
    if (task.spec.intent == intent && IsOfPresentBase(mission, task)) return &task;
  }
  return nullptr;
}

bool Failed(const TaskState* task) {
  return task != nullptr &&
         (task->status == TaskStatus::kFailed || task->status == TaskStatus::kQuarantined);
}

bool IsOfBuild(const MissionState& mission) {
  return mission.baseline.has_value() && mission.baseline->kind == "build";
}

/// True when tests are the goal and what they run on had to be mended first.
bool MendedTheBuild(const MissionState& mission) { return !mission.bases.empty(); }

/// What was reached before `sentence`, which says why the run ends.
std::string AfterBuild(const MissionState& mission, std::string sentence) {
  if (!MendedTheBuild(mission)) return sentence;
  return StrCat("the build is mended, the tests behind it are not: ", sentence);
}

/// What was seen of the delivered tree. Tests behind a build are no part of its goal, but told.
std::string Verified(const MissionState& mission) {
  if (MendedTheBuild(mission)) {
    return "it builds again, and every expected test was seen passing";
  }
  if (!IsOfBuild(mission)) return "every expected test was seen passing";
  for (const TaskState& task : mission.tasks) {
    const std::string behind = OutputOf(task, "behind");
    if (task.spec.intent != "verify" || task.status != TaskStatus::kDone || behind.empty())
      continue;
    return StrCat("it builds; ", behind,
                  "; next: `coditect run \"make the tests pass\"` on the branch");
  }
  return "it builds";
}

/// Why the first candidate of others was refused and how many more were; "" without candidates.
std::string RefusedCandidates(const MissionState& mission) {
  std::string first;
  size_t count = 0;
  for (const TaskState& task : mission.tasks) {
    if (task.spec.intent != "adopt" || task.spec.parameters.contains("changed_tests")) continue;
    if (!Failed(&task)) continue;
    if (count++ == 0) first = SentenceOf(task.reason);
  }
  return count < 2 ? first : StrCat(first, " (", Counted(count - 1, "more candidate"), " too)");
}

/// Why the run ends without everything mended, in one sentence.
std::string NotMended(const MissionState& mission) {
  const std::vector<const TaskState*> claims = VerifyTasks(mission);
  const size_t clusters = claims.size();
  const bool any = std::any_of(claims.begin(), claims.end(), [](const TaskState* verify) {
    return verify->status == TaskStatus::kDone;
  });
  const TaskState* merge = FindIntent(mission, "merge");
  if (any && Failed(merge)) return SentenceOf(merge->reason);
  if (const std::string refused = RefusedCandidates(mission); !refused.empty()) return refused;
  if (IsOfBuild(mission)) {
    const TaskState* observe = FindIntent(mission, "observe");
    return ClassifyGoal(mission.request.goal) == GoalKind::kBuilds || observe == nullptr
               ? "no repair made it build"
               : StrCat("no test can run, and no repair made it build: ",
                        OutputOf(*observe, "error"));
  }
  return clusters == 1 ? "no repair passed every test"
                       : StrCat("no repair of the ", clusters, " faults passed every test");
}

/// True when tasks are about to come that nothing of the present plan waits for.
bool PlanIsComing(const MissionState& mission) {
  return std::any_of(mission.tasks.begin(), mission.tasks.end(), [&](const TaskState& task) {
    return task.result.plan.has_value() && task.result.plan->version > mission.plan_version;
  });
}

bool Refused(const MissionState& mission, ProposalKind kind) {
  const auto refused = mission.refused.find(kind);
  return refused != mission.refused.end() && refused->second >= kRefusalsMax;
}

}  // namespace

std::optional<Proposal> ProposeVerdict(const MissionState& mission) {
  if (ClassifyGoal(mission.request.goal) == GoalKind::kNeedsModel) {
    return VerdictProposal(
        mission, Outcome::kNeedsModel,
        "this goal needs a model: the offline brain repairs failing tests and broken builds; with "
        "a model key coditect would plan and write the change");
  }
  if (mission.baseline.has_value() && mission.baseline->failing == 0 && !MendedTheBuild(mission)) {
    return VerdictProposal(
        mission, Outcome::kNothingToDo,
        mission.baseline->kind == "build" ? "it builds already"
        : mission.request.selection.empty()
            ? "all tests pass already"
            : "none of the named tests is to be mended: each passes, is skipped, "
              "is flaky or needs the network");
  }
  for (const char* intent : {"observe", "localize", "plan"}) {
    const TaskState* task = FindIntent(mission, intent);
    if (!Failed(task)) continue;
    return VerdictProposal(mission, OutcomeOf(task->reason),
                           AfterBuild(mission, SentenceOf(task->reason)));
  }
  for (const ProposalKind kind :
       {ProposalKind::kPlan, ProposalKind::kTeam, ProposalKind::kBatch, ProposalKind::kMerge}) {
    if (Refused(mission, kind)) {
      return VerdictProposal(mission,
                             kind == ProposalKind::kMerge || kind == ProposalKind::kBatch
                                 ? Outcome::kNotVerified
                                 : Outcome::kError,
                             mission.refused_reason);
    }
  }
  if (mission.request.plan_only && !mission.plan_released && mission.plan_version >= 2) {
    return VerdictProposal(mission, Outcome::kPlanned, "the plan is made; nothing was changed");
  }
  if (const TaskState* integrate = FindIntent(mission, "integrate"); Failed(integrate)) {
    return VerdictProposal(mission, OutcomeOf(integrate->reason), SentenceOf(integrate->reason));
  }
  const TaskState* deliver = FindIntent(mission, "deliver");
  if (deliver != nullptr && deliver->status == TaskStatus::kDone) {
    return VerdictProposal(mission, Outcome::kVerified, Verified(mission));
  }
  const bool open = std::any_of(mission.tasks.begin(), mission.tasks.end(),
                                [&](const TaskState& t) { return !IsTerminal(t.status); });
  if (open || mission.plan_version < 2 || PlanIsComing(mission)) return std::nullopt;
  if (Failed(deliver))
    return VerdictProposal(mission, OutcomeOf(deliver->reason), SentenceOf(deliver->reason));
  return VerdictProposal(mission, Outcome::kNotVerified, AfterBuild(mission, NotMended(mission)));
}

}  // namespace coditect
