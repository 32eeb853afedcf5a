// What the task queue makes of each fact.
#include "src/task_queue/step.h"

#include <algorithm>
#include <utility>

#include "src/base/check.h"
#include "src/domain/approval.h"
#include "src/task_queue/scheduler.h"
#include "src/task_queue/violation_detector.h"

namespace coditect {
namespace {

constexpr uint32_t kVoidsMax = 3;  // leases lost while running before a task is poison
constexpr size_t kMissionsActiveMax = 1000;
constexpr std::string_view kRivalWon = "another hypothesis won";

/// One call of Step: folds the fact, then each decision as it is made.
class Stepper {
 public:
  Stepper(ShardState& state, int64_t wall_ms, std::vector<Event>& out)
      : state_(state), wall_ms_(wall_ms), out_(out) {}

  void Run(Event fact) {
    const MissionId id = fact.mission_id;
    if (const auto* left = std::get_if<HostLeft>(&fact.body)) {
      const std::set<LeaseKey> lost = WantedOf(left->host_id);
      Append(id, std::move(fact.body));
      for (const LeaseKey& key : lost) OnHostLost(key);
    } else {
      const size_t place = out_.size();
      out_.emplace_back();  // its body is read until the last decision is made
      Take(fact);
      MissionState* mission = state_.Find(id);
      if (const auto* requested = std::get_if<MissionRequested>(&fact.body)) {
        OnRequested(requested->request);
      } else if (std::holds_alternative<ShardOpened>(fact.body)) {
        InterruptOrphans();
      } else if (mission != nullptr && mission->status != MissionStatus::kQuarantined) {
        std::visit([&](const auto& b) { On(*mission, b); }, fact.body);
      }
      out_[place] = std::move(fact);
    }
    while (auto grant = NextGrant(state_)) {
      const bool failed = std::holds_alternative<TaskFailed>(grant->body);
      const MissionId mission_id = grant->mission_id;
      const TaskId task_id = failed ? std::get<TaskFailed>(grant->body).task_id : TaskId{};
      Append(mission_id, std::move(grant->body));
      if (failed) Settle(*state_.Find(mission_id), task_id);
    }
  }

 private:
  void Append(const MissionId& id, EventBody body) {
    Event& event = out_.emplace_back();
    event.mission_id = id;
    event.body = std::move(body);
    Take(event);
  }

  void Take(Event& event) {
    event.sequence = state_.sequence + 1;
    event.wall_ms = wall_ms_;
    const Status status = Fold(state_, event);
    CHECK_WITH(status.ok(), Message(status));
  }

  template <typename Fact>
  void On(MissionState&, const Fact&) {}  // facts that only change the state

  void OnRequested(const MissionRequest& request) {
    if (state_.request_ids.contains(request.request_id)) return;  // decided before
    if (state_.running.size() >= kMissionsActiveMax) {
      Append("",
             MissionRefused{.request_id = request.request_id,
                            .reason = StrCat(state_.running.size(), " runs are active already")});
      return;
    }
    size_t digits = 4;
    MissionId id;
    do {
      id = "r-" + request.request_id.substr(0, digits++);
    } while ((state_.missions.contains(id) || state_.forgotten.contains(id)) &&
             digits <= request.request_id.size());
    Append(id, MissionAccepted{.request_id = request.request_id});
  }

  /// A request whose client died before it could attach.
  void InterruptOrphans() {
    const std::set<MissionId> running = state_.running;
    for (const MissionId& id : running) {
      MissionState& mission = *state_.Find(id);
      if (mission.clients.empty()) Interrupt(mission);
    }
  }

  void Interrupt(MissionState& mission) {
    RevokeAll(mission);
    Append(mission.id, MissionInterrupted{.reason = "nobody follows it any more"});
  }

  void On(MissionState& mission, const ClientAttached&) {
    if (mission.status == MissionStatus::kInterrupted) Append(mission.id, MissionResumed{});
  }

  void On(MissionState& mission, const ClientDetached&) {
    if (mission.running() && mission.clients.empty()) Interrupt(mission);
  }

  void On(MissionState& mission, const StopRequested& stop) {
    if (!mission.running() && mission.status != MissionStatus::kInterrupted) return;
    RevokeAll(mission);
    Append(mission.id, MissionStopped{.outcome = Outcome::kStopped, .reason = stop.reason});
  }

  void On(MissionState& mission, const ResumeRequested&) {
    if (mission.status == MissionStatus::kStopped ||
        mission.status == MissionStatus::kInterrupted) {
      Append(mission.id, MissionResumed{});
    }
  }

  void On(MissionState& mission, const PlanRunRequested&) {
    const bool planned =
        mission.status == MissionStatus::kCompleted && mission.outcome == Outcome::kPlanned;
    if (planned) Append(mission.id, MissionResumed{});
  }

  void On(MissionState& mission, const TimerFired& timer) {
    if (!mission.running()) return;
    if (timer.timer_id == "mission") {
      RevokeAll(mission);
      Append(mission.id, MissionStopped{.outcome = Outcome::kLimit,
                                        .reason = "the time limit (--max-time) was reached"});
      return;
    }
    for (const TaskState& task : mission.tasks) {
      if (!task.lease || timer.timer_id != LeaseTimer(task.spec.task_id, task.lease->epoch))
        continue;
      const TaskId id = task.spec.task_id;
      EndLease(mission, task, LeaseEnd::kTimedOut);
      RetryOrFail(mission, id, "the lease ran out of time");
      return;
    }
  }

  void On(MissionState& mission, const ProposalSubmitted& submitted) {
    const Proposal& p = submitted.proposal;
    const std::string fault = ProposalFault(mission, p);
    if (!fault.empty()) {
      Append(mission.id,
             ProposalRefused{.kind = p.kind, .plan_version = p.plan_version, .reason = fault});
      return;
    }
    if (WaitsForPerson(mission, p)) return;
    switch (p.kind) {
      case ProposalKind::kPlan:
        Append(mission.id,
               PlanAccepted{
                   .plan_version = p.plan_version, .task_count = p.task_count, .digest = p.digest});
        break;
      case ProposalKind::kTeam:
        Append(mission.id, TeamAssigned{.plan_version = p.plan_version, .team = p.team});
        break;
      case ProposalKind::kMerge:
        Append(mission.id, MergeDecided{.ref = p.ref,
                                        .old_commit = p.old_commit,
                                        .new_commit = p.new_commit,
                                        .tree = p.tree,
                                        .task_id = p.task_id});
        if (p.task_id) ConcludeMerging(mission, p.task_id);
        break;
      case ProposalKind::kBatch:
        DecideBatch(mission, p);
        break;
      default:
        Complete(mission, p);
    }
  }

  void DecideBatch(MissionState& mission, const Proposal& p) {
    const TaskId merge_id = MergeTask(mission)->spec.task_id;
    if (p.claims.empty()) {
      Append(mission.id, ClaimDropped{.task_id = p.task_id, .reason = p.reason});
      ConcludeMerging(mission, merge_id);
      return;
    }
    const CommitId base = PresentBase(mission).base_commit;
    Append(mission.id,
           BatchDecided{.task_id = merge_id,
                        .number = static_cast<uint32_t>(mission.merge.batches.size()) + 1,
                        .claims = p.claims,
                        .onto = p.probe || mission.tip.empty() ? base : mission.tip,
                        .probe = p.probe});
  }

  /// After the tip moved or a claim was dropped: the next batch, or the end of merging.
  void ConcludeMerging(MissionState& mission, TaskId merge_id) {
    const size_t faults = VerifyTasks(mission).size();
    const MergeQueueState& merge = mission.merge;
    if (!PendingClaims(mission).empty()) {
      if (mission.Find(merge_id)->status == TaskStatus::kPending) {
        Append(mission.id, TaskRetried{.task_id = merge_id, .reason = "more repairs wait"});
      }
      return;
    }
    if (merge.merged.size() == faults) {
      FinishMerging(mission, merge_id);
      return;
    }
    std::string reason = StrCat(merge.merged.size(), " of ", faults, " independent ",
                                faults == 1 ? "fault was" : "faults were", " mended");
    for (const DroppedClaim& dropped : merge.dropped) StrAppend(reason, "; ", dropped.reason);
    Fail(mission, merge_id, reason);
  }

  /// Everything is merged. Where the plan goes on from there, that is what it goes on with.
  void FinishMerging(MissionState& mission, TaskId merge_id) {
    const bool advances = mission.Find(merge_id)->spec.parameters.contains("advances");
    if (advances && mission.bases.size() >= kAdvancedBasesMax) {
      Fail(mission, merge_id,
           StrCat("what the plan begins with was mended ", kAdvancedBasesMax, " times already"));
      return;
    }
    Append(mission.id, TaskDone{.task_id = merge_id});
    if (advances) {
      Append(mission.id,
             BaseAdvanced{.task_id = merge_id, .commit = mission.tip, .tree = mission.tip_tree});
    }
    Settle(mission, merge_id);
  }

  /// True when the proposal may not take effect yet: a person is asked, once for what is to be
  /// seen, and the mission stops until somebody goes on with it.
  bool WaitsForPerson(MissionState& mission, const Proposal& p) {
    if (ApprovalReason(mission, p).empty()) return false;
    const ApprovalState asked = NewApproval(mission, p);
    const ApprovalState* known = FindApproval(mission, asked.subject, asked.digest);
    if (known != nullptr && known->status == ApprovalStatus::kApproved) return false;
    if (known == nullptr) {
      Append(mission.id, ApprovalRequested{.approval_id = asked.approval_id,
                                           .subject = asked.subject,
                                           .digest = asked.digest,
                                           .reason = asked.reason,
                                           .plan_version = asked.plan_version,
                                           .tree = asked.tree,
                                           .review = asked.review});
    }
    RevokeAll(mission);
    Append(mission.id, MissionStopped{.outcome = Outcome::kNeedsApproval, .reason = asked.reason});
    return true;
  }

  void On(MissionState& mission, const MergeTested& tested) {
    if (!AllowsMerge(mission, tested)) return;
    Append(mission.id, MergeAllowed{.branch = tested.branch,
                                    .onto = tested.onto,
                                    .tree = tested.tree,
                                    .evidence = tested.evidence});
  }

  /// An answer counts once, for the digest that was asked about.
  void On(MissionState& mission, const ApprovalAnswered& answer) {
    const ApprovalState* open = OpenApproval(mission);
    if (open == nullptr || open->approval_id != answer.approval_id ||
        open->digest != answer.digest) {
      return;
    }
    Append(mission.id, ApprovalSettled{.approval_id = answer.approval_id,
                                       .approved = answer.approved,
                                       .principal = answer.principal,
                                       .note = answer.note});
    if (!answer.approved) {
      RevokeAll(mission);
      Append(mission.id,
             MissionCompleted{.outcome = Outcome::kNotVerified,
                              .reason = StrCat("rejected by ", answer.principal,
                                               answer.note.empty() ? "" : ": ", answer.note),
                              .branch = "",
                              .commit = "",
                              .partial = mission.tip});
    } else if (mission.outcome == Outcome::kNeedsApproval) {
      if (mission.clients.empty()) {
        Append(mission.id, MissionInterrupted{.reason = "approved; nobody follows it"});
      } else {
        Append(mission.id, MissionResumed{});
      }
    }
  }

  void Complete(MissionState& mission, const Proposal& p) {
    RevokeAll(mission);
    const bool verified = p.outcome == Outcome::kVerified;
    constexpr std::string_view kHeads = "refs/heads/";
    Append(mission.id, MissionCompleted{.outcome = p.outcome,
                                        .reason = p.reason,
                                        .branch = verified && mission.branch.starts_with(kHeads)
                                                      ? mission.branch.substr(kHeads.size())
                                                      : "",
                                        .commit = verified ? mission.branch_commit : "",
                                        .partial = verified ? "" : mission.tip});
  }

  void On(MissionState& mission, const ResultReported& reported) {
    const TaskResult& result = reported.result;
    const TaskState* task = mission.Find(result.task_id);
    if (task == nullptr || !task->lease || task->lease->epoch != result.epoch) {
      Append(mission.id,
             ResultLate{.task_id = result.task_id, .epoch = result.epoch, .commit = result.commit});
      return;
    }
    if (result.agent_id != task->lease->agent_id) {
      const AgentId owner = task->lease->agent_id;
      Refuse(mission, result, StrCat("the lease belongs to ", owner));
      Violate(mission, result,
              {"CAPABILITY_MISMATCH", "agent: " + owner, "agent: " + result.agent_id});
      return;
    }
    std::vector<Violation> violations;
    if (result.outcome == ResultOutcome::kSuccess && mission.request.check_consistency) {
      violations = DetectViolations(*task, *task->lease, result);
    }
    const uint64_t tests_reserved = task->lease->tests_reserved;
    EndLease(mission, *task, LeaseEnd::kReported);
    if (tests_reserved > 0) {
      Append(mission.id, BudgetSettled{.task_id = result.task_id,
                                       .epoch = result.epoch,
                                       .tests_reserved = tests_reserved,
                                       .tests_used = std::min(result.usage.tests, tests_reserved)});
    }
    Judge(mission, result, violations);
  }

  void Judge(MissionState& mission, const TaskResult& result,
             const std::vector<Violation>& violations) {
    const TaskId id = result.task_id;
    switch (result.outcome) {
      case ResultOutcome::kSuccess: {
        if (violations.empty()) {
          Append(mission.id, ResultAccepted{.task_id = id, .epoch = result.epoch});
          if (mission.Find(id)->spec.intent == "merge") {
            JudgeBatch(mission, id, result);
            return;
          }
          Append(mission.id, TaskDone{.task_id = id});
          if (mission.Find(id)->spec.intent == "verify") CancelMended(mission, id);
          Settle(mission, id);
          return;
        }
        Refuse(mission, result,
               StrCat("expected ", violations.front().expected, ", found ",
                      violations.front().actual));
        for (const Violation& violation : violations) Violate(mission, result, violation);
        RetryOrFail(mission, id, violations.front().actual);
        return;
      }
      case ResultOutcome::kRefuted:
        Append(mission.id, ResultAccepted{.task_id = id, .epoch = result.epoch});
        if (mission.Find(id)->spec.intent == "deliver") {
          DropDelivery(mission, result);
          return;
        }
        if (mission.Find(id)->spec.intent == "merge") {
          if (!mission.merge.batches.empty() && !mission.merge.batches.back().probe) {
            Violate(mission, result,
                    {"TEST_EXPECTATION", "the repairs pass together", result.reason});
          }
          JudgeBatch(mission, id, result);
          return;
        }
        Violate(mission, result,
                {"TEST_EXPECTATION", "the claim holds: all expected tests pass", result.reason});
        Refute(mission, id, result);
        return;
      case ResultOutcome::kExhausted:
      case ResultOutcome::kBlocked:
        Append(mission.id, ResultAccepted{.task_id = id, .epoch = result.epoch});
        Fail(mission, id, result.reason);
        return;
      case ResultOutcome::kError:
      case ResultOutcome::kUnspecified:
        Refuse(mission, result, result.reason.empty() ? "a result without outcome" : result.reason);
        RetryOrFail(mission, id, result.reason);
    }
  }

  /// A batch has its verdict. One that passed waits for the decision to move the tip.
  void JudgeBatch(MissionState& mission, TaskId merge_id, const TaskResult& result) {
    if (mission.merge.OpenBatch() != nullptr) return;
    // A text that conflicts with the tip itself; with others of its batch it only waits for them.
    const auto culprit = result.outputs.find("culprit");
    const std::vector<TaskId> pending = PendingClaims(mission);
    TaskId claim;
    if (result.outcome == ResultOutcome::kRefuted && culprit != result.outputs.end() &&
        TaskId::Parse(culprit->second, &claim) &&
        mission.merge.batches.back().claims.front() == claim &&
        std::find(pending.begin(), pending.end(), claim) != pending.end()) {
      Append(mission.id, ClaimDropped{.task_id = claim, .reason = result.reason});
      ConcludeMerging(mission, merge_id);
      return;
    }
    Append(mission.id, TaskRetried{.task_id = merge_id, .reason = result.reason});
  }

  /// The claim a verify task looked at does not hold: its coder goes on with another hypothesis,
  /// rivals that were cancelled for it come back, and the verify task waits for the next claim.
  void Refute(MissionState& mission, TaskId verify_id, const TaskResult& result) {
    const TaskState& verify = *mission.Find(verify_id);
    TaskId winner;
    uint32_t group = 0;
    for (size_t i = 0; i < verify.spec.dependencies.size(); ++i) {
      if (verify.spec.dependency_modes[i] != DependencyMode::kWinner) continue;
      group = mission.Find(verify.spec.dependencies[i])->spec.group;
      winner = GroupWinner(mission, group);
      break;
    }
    if (!winner || AttemptsLeft(mission, verify) == 0) {
      Fail(mission, verify_id, result.reason);
      return;
    }
    Append(mission.id, TaskRetried{.task_id = verify_id, .reason = result.reason});
    Append(mission.id,
           TaskRetried{
               .task_id = winner, .reason = "its claim was refuted", .excluded_tree = result.tree});
    std::vector<TaskId> rivals;
    for (const TaskState& task : mission.tasks) {
      if (task.spec.group == group && task.status == TaskStatus::kCancelled &&
          task.reason == kRivalWon) {
        rivals.push_back(task.spec.task_id);
      }
    }
    for (const TaskId rival : rivals) {
      Append(mission.id, TaskRetried{.task_id = rival, .reason = "the winner was refuted"});
    }
    if (AttemptsLeft(mission, *mission.Find(winner)) == 0) {
      Fail(mission, winner, "no attempts left");
    }
  }

  /// The branch moved after it was decided where to: what is to be delivered is made and tested
  /// anew on where it is now.
  void DropDelivery(MissionState& mission, const TaskResult& result) {
    const TaskId deliver = result.task_id;
    Violate(mission, result,
            {"STATE", StrCat(mission.branch, ": ", mission.branch_old),
             StrCat(mission.branch, ": ", result.reason)});
    Append(mission.id,
           DeliveryDropped{
               .ref = mission.branch, .commit = mission.branch_commit, .reason = result.reason});
    TaskId integrate;
    for (const TaskState& task : mission.tasks) {
      if (task.spec.intent == "integrate" && task.status == TaskStatus::kDone) {
        integrate = task.spec.task_id;
      }
    }
    if (!integrate || AttemptsLeft(mission, *mission.Find(deliver)) == 0) {
      Fail(mission, deliver,
           StrCat("not_verified: the branch moved each time while the result was tested on it: ",
                  result.reason));
      return;
    }
    Append(mission.id, TaskRetried{.task_id = deliver, .reason = result.reason});
    Append(mission.id, TaskRetried{.task_id = integrate, .reason = "the branch has moved"});
  }

  static uint32_t AttemptsLeft(const MissionState& mission, const TaskState& task) {
    const uint32_t max = 1 + mission.request.limits.max_retries;
    return task.attempts < max ? max - task.attempts : 0;
  }

  void RetryOrFail(MissionState& mission, TaskId id, const std::string& reason) {
    if (AttemptsLeft(mission, *mission.Find(id)) == 0) {
      Fail(mission, id, reason);
    } else {
      Append(mission.id, TaskRetried{.task_id = id, .reason = reason});
    }
  }

  void Fail(MissionState& mission, TaskId id, const std::string& reason) {
    Append(mission.id, TaskFailed{.task_id = id, .reason = reason});
    Settle(mission, id);
  }

  void OnHostLost(const LeaseKey& key) {
    MissionState& mission = *state_.Find(key.mission_id);
    const TaskState& task = *mission.Find(key.task_id);
    EndLease(mission, task, LeaseEnd::kHostLost);
    if (mission.Find(key.task_id)->voids >= kVoidsMax) {
      Append(mission.id,
             TaskQuarantined{.task_id = key.task_id,
                             .reason = StrCat("its host died ", kVoidsMax, " times while it ran")});
      Settle(mission, key.task_id);
    }
  }

  /// What follows from the end of a task: rivals of a winner are cancelled, and so is what can
  /// never start any more.
  void Settle(MissionState& mission, TaskId changed) {
    std::vector<TaskId> work = {changed};
    while (!work.empty()) {
      const TaskState& task = *mission.Find(work.back());
      work.pop_back();
      if (task.spec.group != 0 && GroupWinner(mission, task.spec.group)) {
        CancelRivals(mission, task.spec.group, work);
      }
      const std::vector<TaskId> dependents = mission.Find(task.spec.task_id)->dependents;
      for (const TaskId id : dependents) {
        const TaskState& dependent = *mission.Find(id);
        if (IsTerminal(dependent.status) || !CannotStart(mission, dependent)) continue;
        Cancel(mission, dependent, "what it needs did not succeed");
        work.push_back(id);
      }
    }
  }

  /// Clusters that the verified tree mends beside its own need no repair of their own.
  void CancelMended(MissionState& mission, TaskId verify_id) {
    const std::string reason =
        StrCat("the repair of ", RepairName(mission, verify_id), " mends this, too");
    for (const TaskId id : MendedBy(mission, *mission.Find(verify_id))) {
      const TaskState& verify = *mission.Find(id);
      std::vector<TaskId> needless = {id};
      for (size_t i = 0; i < verify.spec.dependencies.size(); ++i) {
        if (verify.spec.dependency_modes[i] != DependencyMode::kWinner) continue;
        needless.push_back(verify.spec.dependencies[i]);
      }
      for (const TaskId one : needless) {
        if (!IsTerminal(mission.Find(one)->status)) Cancel(mission, *mission.Find(one), reason);
      }
      Settle(mission, id);
    }
  }

  void CancelRivals(MissionState& mission, uint32_t group, std::vector<TaskId>& work) {
    for (size_t i = 0; i < mission.tasks.size(); ++i) {
      const TaskState& rival = mission.tasks[i];
      if (rival.spec.group != group || IsTerminal(rival.status)) continue;
      const TaskId id = rival.spec.task_id;
      Cancel(mission, rival, kRivalWon);
      work.push_back(id);
    }
  }

  void Cancel(MissionState& mission, const TaskState& task, std::string_view reason) {
    const TaskId id = task.spec.task_id;
    if (task.lease) EndLease(mission, task, LeaseEnd::kRevoked);
    Append(mission.id, TaskCancelled{.task_id = id, .reason = std::string(reason)});
  }

  void EndLease(MissionState& mission, const TaskState& task, LeaseEnd cause) {
    Append(mission.id,
           LeaseEnded{.task_id = task.spec.task_id, .epoch = task.lease->epoch, .cause = cause});
  }

  void RevokeAll(MissionState& mission) {
    for (size_t i = 0; i < mission.tasks.size(); ++i) {
      if (mission.tasks[i].lease) EndLease(mission, mission.tasks[i], LeaseEnd::kRevoked);
    }
  }

  void Refuse(MissionState& mission, const TaskResult& result, const std::string& reason) {
    Append(mission.id,
           ResultRefused{.task_id = result.task_id, .epoch = result.epoch, .reason = reason});
  }

  void Violate(MissionState& mission, const TaskResult& result, const Violation& violation) {
    Append(mission.id, ViolationFound{.violation_type = violation.type,
                                      .expected = violation.expected,
                                      .actual = violation.actual,
                                      .agent_id = result.agent_id,
                                      .investigation_results = "",
                                      .task_id = result.task_id});
  }

  std::set<LeaseKey> WantedOf(const HostId& host_id) const {
    const auto found = state_.wanted.find(host_id);
    return found == state_.wanted.end() ? std::set<LeaseKey>() : found->second;
  }

  ShardState& state_;
  const int64_t wall_ms_;
  std::vector<Event>& out_;
};

}  // namespace

std::string LeaseTimer(TaskId task_id, const Epoch& epoch) {
  return StrCat("lease ", task_id.ToString(), ' ', epoch.ToString());
}

void Step(ShardState& state, Event fact, std::vector<Event>& out) {
  const int64_t wall_ms = std::max(fact.wall_ms, state.wall_ms);
  Stepper(state, wall_ms, out).Run(std::move(fact));
}

}  // namespace coditect
