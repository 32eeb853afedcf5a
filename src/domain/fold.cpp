// The fold: how each event changes the shard's state.
#include <algorithm>
#include <type_traits>
#include <variant>

#include "src/base/strings.h"
#include "src/domain/evidence.h"
#include "src/domain/state.h"

namespace coditect {
namespace {

constexpr size_t kFlakyMax = 20;  // named for a mission

// Keeps the indexes over missions true for one of them.
void RefreshIndexes(ShardState& state, MissionState& mission, bool was_running) {
  if (mission.running() != was_running) {
    if (mission.running()) {
      state.running.insert(mission.id);
    } else {
      state.running.erase(mission.id);
    }
  }
  std::optional<uint32_t> rank;
  if (mission.running() && !mission.ready.empty()) rank = mission.leased_total;
  if (rank == mission.schedule_rank) return;
  if (mission.schedule_rank) state.schedulable.erase({*mission.schedule_rank, mission.id});
  if (rank) state.schedulable.insert({*rank, mission.id});
  mission.schedule_rank = rank;
}

void SetStatus(MissionState& mission, TaskState& task, TaskStatus status) {
  const ReadyKey key{task.spec.rank, task.spec.task_id};
  const auto role = static_cast<size_t>(task.spec.role);
  if (task.status == TaskStatus::kReady) mission.ready_of[role] -= mission.ready.erase(key);
  task.status = status;
  if (status == TaskStatus::kReady) mission.ready_of[role] += mission.ready.insert(key).second;
}

// A pending task becomes ready when all its dependencies are met.
void RefreshReadiness(MissionState& mission, TaskState& task) {
  if (task.status != TaskStatus::kPending && task.status != TaskStatus::kReady) return;
  bool met = true;
  for (size_t i = 0; met && i < task.spec.dependencies.size(); ++i) {
    met = DependencyMet(mission, task, i);
  }
  const TaskStatus status = met ? TaskStatus::kReady : TaskStatus::kPending;
  if (status != task.status) SetStatus(mission, task, status);
}

void RefreshDependents(MissionState& mission, const TaskState& task) {
  for (const TaskId id : task.dependents) {
    if (TaskState* dependent = mission.Find(id)) RefreshReadiness(mission, *dependent);
  }
}

// Keeps the index of wanted leases true for one task.
void RefreshWanted(ShardState& state, const MissionState& mission, const TaskState& task) {
  if (!task.lease.has_value()) return;
  const LeaseKey key{mission.id, task.spec.task_id};
  if (mission.running() && state.hosts.contains(task.lease->host_id)) {
    state.wanted[task.lease->host_id].insert(key);
  } else if (const auto wanted = state.wanted.find(task.lease->host_id);
             wanted != state.wanted.end()) {
    wanted->second.erase(key);
    if (wanted->second.empty()) state.wanted.erase(wanted);
  }
}

void EndLease(ShardState& state, MissionState& mission, TaskState& task) {
  if (!task.lease.has_value()) return;
  const auto role = static_cast<size_t>(task.spec.role);
  mission.leased[role] -= 1;
  mission.leased_total -= 1;
  mission.tests_reserved -= task.lease->tests_reserved;
  const HostId host_id = task.lease->host_id;
  if (const auto host = state.hosts.find(host_id); host != state.hosts.end()) {
    host->second.busy[role].Erase(AgentNumber(task.lease->agent_id));
    host->second.busy_total -= 1;
  }
  if (const auto wanted = state.wanted.find(host_id); wanted != state.wanted.end()) {
    wanted->second.erase({mission.id, task.spec.task_id});
    if (wanted->second.empty()) state.wanted.erase(wanted);
  }
  task.lease.reset();
}

/// Folds the events of one mission. Each Apply returns false when the event does not fit.
class MissionFold {
 public:
  MissionFold(ShardState& state, MissionState& mission, const Event& event)
      : state_(state), mission_(mission), event_(event) {}

  bool Apply(const ClientAttached& e) {
    mission_.clients.insert(e.client_id);
    return true;
  }
  bool Apply(const ClientDetached& e) {
    mission_.clients.erase(e.client_id);
    return true;
  }
  bool Apply(const StopRequested&) { return true; }
  bool Apply(const ResumeRequested&) { return true; }
  bool Apply(const TimerFired&) { return true; }
  bool Apply(const PlanRunRequested&) {
    if (mission_.outcome == Outcome::kPlanned) mission_.plan_released = true;
    return true;
  }
  bool Apply(const ProposalSubmitted&) { return true; }
  bool Apply(const ResultLate& e) { return DropReported(e.task_id); }
  bool Apply(const ResultRefused& e) { return DropReported(e.task_id); }

  bool Apply(const ResultReported& e) {
    TaskState* task = mission_.Find(e.result.task_id);
    mission_.usage += e.result.usage;  // spent, whatever becomes of the result
    if (task == nullptr) return true;
    task->spent += e.result.usage;
    task->reported = e.result;
    if (task->lease && task->lease->epoch == e.result.epoch) {
      Strike(*task, e.result.outcome == ResultOutcome::kError);
    }
    return true;
  }

  bool Apply(const LeaseSpent& e) {
    mission_.usage += e.usage;
    if (TaskState* task = mission_.Find(e.task_id)) task->spent += e.usage;
    return true;
  }

  bool Apply(const ResultAccepted& e) {
    TaskState* task = mission_.Find(e.task_id);
    if (task == nullptr || !task->reported.has_value()) return false;
    if (task->spec.intent == "merge" && !TakeBatchResult(*task->reported)) {
      task->reported.reset();
      return true;
    }
    task->result = *std::move(task->reported);
    task->reported.reset();
    const TaskResult& result = task->result;
    if (result.baseline.has_value()) mission_.baseline = result.baseline;
    if (result.evidence.has_value() && EvidenceFault(*result.evidence).empty()) {
      mission_.verdicts.push_back({.tree = result.evidence->tree,
                                   .expected_digest = result.evidence->expected_digest,
                                   .agent_id = result.agent_id,
                                   .role = task->spec.role,
                                   .review = result.evidence->review,
                                   .review_reason = result.evidence->review_reason});
    }
    return true;
  }

  bool Apply(const TaskPlanned& e) {
    // A draft that does not fit is no draft: the plan's digest will not match. One of a version
    // that was never accepted is replaced by a new draft of that version.
    const uint32_t ordinal = e.task.task_id.ordinal;
    if (e.plan_version <= mission_.plan_version) return true;
    if (ordinal > mission_.tasks.size() + 1 || ordinal == 0) return true;
    if (ordinal <= mission_.tasks.size()) {
      if (mission_.Find(e.task.task_id)->status != TaskStatus::kPlanned) return true;
      mission_.tasks.resize(ordinal - 1);
    }
    TaskState task;
    task.spec = e.task;
    task.plan_version = e.plan_version;
    mission_.tasks.push_back(std::move(task));
    return true;
  }

  bool Apply(const PlanAccepted& e) {
    mission_.plan_version = e.plan_version;
    mission_.plan_index = event_.sequence;
    for (size_t i = 0; i < mission_.tasks.size(); ++i) {
      TaskState& task = mission_.tasks[i];
      if (task.plan_version != e.plan_version) continue;
      for (const TaskId dependency : task.spec.dependencies) {
        TaskState* other = mission_.Find(dependency);
        if (other == nullptr) return false;
        other->dependents.push_back(task.spec.task_id);
      }
      task.status = TaskStatus::kPending;
    }
    for (TaskState& task : mission_.tasks) {
      if (task.plan_version == e.plan_version) RefreshReadiness(mission_, task);
    }
    return true;
  }

  bool Apply(const ProposalRefused& e) {
    if (!mission_.running()) return true;  // says nothing about the proposals to come
    mission_.refused[e.kind] += 1;
    mission_.refused_reason = e.reason;
    return true;
  }

  bool Apply(const TeamAssigned& e) {
    mission_.team_caps = {};
    for (const RoleCap& cap : e.team) {
      mission_.team_caps[static_cast<size_t>(cap.role)] = cap.agents_max;
    }
    mission_.team_version = e.plan_version;
    return true;
  }

  bool Apply(const LeaseGranted& e) {
    TaskState* task = mission_.Find(e.task_id);
    const auto host = state_.hosts.find(e.host_id);
    if (task == nullptr || task->status != TaskStatus::kReady || host == state_.hosts.end()) {
      return false;
    }
    const auto role = static_cast<size_t>(task->spec.role);
    if (!host->second.busy[role].Insert(AgentNumber(e.agent_id))) return false;
    SetStatus(mission_, *task, TaskStatus::kLeased);
    task->lease = LeaseState{.epoch = e.epoch,
                             .host_id = e.host_id,
                             .agent_id = e.agent_id,
                             .action = e.action,
                             .attempt = e.attempt,
                             .tests_reserved = e.tests_reserved,
                             .wall_ms_max = e.wall_ms_max,
                             .started = false};
    mission_.leased[role] += 1;
    mission_.leased_total += 1;
    mission_.tests_reserved += e.tests_reserved;
    host->second.busy_total += 1;
    state_.wanted[e.host_id].insert({mission_.id, e.task_id});
    return true;
  }

  bool Apply(const LeaseStarted& e) {
    TaskState* task = mission_.Find(e.task_id);
    if (task != nullptr && task->lease && task->lease->epoch == e.epoch)
      task->lease->started = true;
    return task != nullptr;
  }

  bool Apply(const LeaseEnded& e) {
    TaskState* task = mission_.Find(e.task_id);
    if (task == nullptr || !task->lease || task->lease->epoch != e.epoch) return false;
    if (e.cause == LeaseEnd::kReported || e.cause == LeaseEnd::kTimedOut) task->attempts += 1;
    if (e.cause == LeaseEnd::kHostLost && task->lease->started) task->voids += 1;
    if (e.cause == LeaseEnd::kTimedOut) Strike(*task, true);
    EndLease(state_, mission_, *task);
    SetStatus(mission_, *task, TaskStatus::kPending);
    // A reported result decides what becomes of the task; any other end frees it at once.
    if (e.cause != LeaseEnd::kReported) RefreshReadiness(mission_, *task);
    return true;
  }

  bool Apply(const BudgetSettled& e) {
    mission_.tests_used += e.tests_used;
    return true;
  }

  bool Apply(const TaskDone& e) { return End(e.task_id, TaskStatus::kDone, ""); }
  bool Apply(const TaskFailed& e) { return End(e.task_id, TaskStatus::kFailed, e.reason); }
  bool Apply(const TaskCancelled& e) { return End(e.task_id, TaskStatus::kCancelled, e.reason); }
  bool Apply(const TaskQuarantined& e) {
    return End(e.task_id, TaskStatus::kQuarantined, e.reason);
  }

  bool Apply(const TaskRetried& e) {
    TaskState* task = mission_.Find(e.task_id);
    if (task == nullptr || task->lease) return false;
    if (!e.excluded_tree.empty()) task->excluded_trees.push_back(e.excluded_tree);
    task->reason = e.reason;
    SetStatus(mission_, *task, TaskStatus::kPending);
    RefreshReadiness(mission_, *task);
    RefreshDependents(mission_, *task);
    return true;
  }

  bool Apply(const ViolationFound&) {
    mission_.violations += 1;
    return true;
  }

  bool Apply(const BatchDecided& e) {
    TaskState* task = mission_.Find(e.task_id);
    if (task == nullptr || e.claims.empty() || mission_.merge.OpenBatch() != nullptr) return false;
    mission_.merge.batches.push_back({.claims = e.claims, .probe = e.probe});
    for (const TaskId id : e.claims) std::erase(mission_.merge.held, id);
    task->attempts = 0;  // each batch is work of its own
    return true;
  }

  bool Apply(const ClaimDropped& e) {
    mission_.merge.dropped.push_back({.task_id = e.task_id, .reason = e.reason});
    mission_.merge.failing.clear();  // without it they may pass
    std::erase(mission_.merge.held, e.task_id);
    return true;
  }

  bool Apply(const MergeDecided& e) {
    if (e.task_id) {
      const TaskState* task = mission_.Find(e.task_id);
      if (task == nullptr) return false;
      mission_.previous_tip = mission_.tip;
      mission_.tip = e.new_commit;
      mission_.tip_tree = e.tree;
      TakeMerged(*task);
    } else {
      mission_.branch = e.ref;
      mission_.branch_commit = e.new_commit;
      mission_.branch_old = e.old_commit;
      mission_.branch_tree = e.tree;
    }
    return true;
  }

  bool Apply(const MergeTested&) { return true; }
  bool Apply(const MergeAllowed& e) {
    mission_.allowed_merges.push_back(e);
    if (mission_.allowed_merges.size() > kAllowedMergesMax) {
      mission_.allowed_merges.erase(mission_.allowed_merges.begin());
    }
    return true;
  }
  bool Apply(const DeliveryDropped&) {
    mission_.branch.clear();
    mission_.branch_commit.clear();
    mission_.branch_old.clear();
    mission_.branch_tree.clear();
    return true;
  }

  bool Apply(const ApprovalAnswered&) { return true; }
  bool Apply(const ApprovalRequested& e) {
    mission_.approvals.push_back({.approval_id = e.approval_id,
                                  .subject = e.subject,
                                  .digest = e.digest,
                                  .reason = e.reason,
                                  .plan_version = e.plan_version,
                                  .tree = e.tree,
                                  .review = e.review,
                                  .requested_wall_ms = event_.wall_ms,
                                  .status = ApprovalStatus::kOpen,
                                  .principal = "",
                                  .note = ""});
    return true;
  }
  bool Apply(const ApprovalSettled& e) {
    for (ApprovalState& approval : mission_.approvals) {
      if (approval.approval_id != e.approval_id) continue;
      if (approval.status != ApprovalStatus::kOpen) return false;
      approval.status = e.approved ? ApprovalStatus::kApproved : ApprovalStatus::kRejected;
      approval.principal = e.principal;
      approval.note = e.note;
      return true;
    }
    return false;
  }

  bool Apply(const MissionInterrupted& e) {
    return SetMission(MissionStatus::kInterrupted, Outcome::kUnspecified, e.reason);
  }
  bool Apply(const MissionResumed&) {
    return SetMission(MissionStatus::kActive, Outcome::kUnspecified, "");
  }
  bool Apply(const MissionStopped& e) {
    return SetMission(MissionStatus::kStopped, e.outcome, e.reason);
  }
  bool Apply(const MissionCompleted& e) {
    mission_.partial = e.partial;
    state_.experience.Learn(mission_, event_.sequence);
    return SetMission(MissionStatus::kCompleted, e.outcome, e.reason);
  }

  template <typename Other>
  bool Apply(const Other&) {
    return false;  // an event of the shard with a mission id
  }

 private:
  bool SetMission(MissionStatus status, Outcome outcome, const std::string& reason) {
    mission_.status = status;
    mission_.outcome = outcome;
    mission_.reason = reason;
    mission_.ended_wall_ms = mission_.running() ? 0 : event_.wall_ms;
    for (const TaskState& task : mission_.tasks) RefreshWanted(state_, mission_, task);
    return true;
  }

  /// Notes on the lease's host whether its machinery failed; what works pays for what did not.
  void Strike(const TaskState& task, bool failed) {
    constexpr uint32_t kStrikesMax = 8;
    const auto host = state_.hosts.find(task.lease->host_id);
    if (host == state_.hosts.end()) return;
    uint32_t& strikes = host->second.strikes[static_cast<size_t>(task.spec.role)];
    if (failed) {
      strikes = std::min(strikes + 1, kStrikesMax);
    } else if (strikes > 0) {
      strikes -= 1;
    }
  }

  /// True when the result is about a tree that may become the tip: it is kept as the task's.
  bool TakeBatchResult(const TaskResult& result) {
    MergeQueueState& merge = mission_.merge;
    MergeBatch* batch = merge.OpenBatch();
    if (batch == nullptr) return result.outcome == ResultOutcome::kSuccess;
    const auto output = [&](const char* name) {
      const auto found = result.outputs.find(name);
      return found == result.outputs.end() ? std::string() : found->second;
    };
    for (const std::string& id : Split(output("flaky"), '\n')) {
      const bool known = std::find(merge.flaky.begin(), merge.flaky.end(), id) != merge.flaky.end();
      if (!id.empty() && !known && merge.flaky.size() < kFlakyMax) merge.flaky.push_back(id);
    }
    const auto earlier = static_cast<uint32_t>(batch->claims.size() - 1);  // of a probe
    if (result.outcome == ResultOutcome::kSuccess) {
      batch->verdict = BatchVerdict::kPassed;
      if (batch->probe) merge.partner_low = earlier;
      return !batch->probe;
    }
    batch->reason = result.reason;
    if (result.outcome != ResultOutcome::kRefuted) {
      batch->verdict = BatchVerdict::kGivenUp;
    } else if (!output("culprit").empty()) {
      batch->verdict = BatchVerdict::kConflict;
      merge.failing.clear();
      TaskId culprit;
      if (TaskId::Parse(output("culprit"), &culprit)) merge.held.push_back(culprit);
    } else {
      batch->verdict = BatchVerdict::kFailed;
      if (batch->probe) {
        merge.partner_high = earlier;
      } else {
        merge.failing = batch->claims;
        merge.fault = result.reason;
        merge.failed_tests = output("failed_tests");
        merge.partner_low = 0;
        merge.partner_high = static_cast<uint32_t>(merge.merged.size());
      }
    }
    return false;
  }

  /// The open batch is in the tip now.
  void TakeMerged(const TaskState& task) {
    MergeQueueState& merge = mission_.merge;
    MergeBatch* batch = merge.OpenBatch();
    if (batch == nullptr) return;
    batch->verdict = BatchVerdict::kMerged;
    const auto commits = Split(OutputOf(task, "commits"), ' ');
    for (size_t i = 0; i < batch->claims.size(); ++i) {
      const TaskId id = batch->claims[i];
      merge.merged.push_back(
          {.task_id = id,
           .commit = commits.size() == batch->claims.size() ? commits[i] : task.result.commit});
      std::erase(merge.failing, id);
    }
    merge.partner_low = 0;
    merge.partner_high = static_cast<uint32_t>(merge.merged.size());
  }

  bool DropReported(TaskId id) {
    if (TaskState* task = mission_.Find(id)) task->reported.reset();
    return true;
  }

  bool End(TaskId id, TaskStatus status, const std::string& reason) {
    TaskState* task = mission_.Find(id);
    if (task == nullptr || task->lease || IsTerminal(task->status)) return false;
    SetStatus(mission_, *task, status);
    task->reason = reason;
    RefreshDependents(mission_, *task);
    return true;
  }

  ShardState& state_;
  MissionState& mission_;
  const Event& event_;
};

void Quarantine(ShardState& state, MissionState& mission, const Event& event) {
  for (TaskState& task : mission.tasks) EndLease(state, mission, task);
  mission.status = MissionStatus::kQuarantined;
  mission.outcome = Outcome::kError;
  mission.reason = StrCat("event ", event.sequence, " (", EventName(event.body),
                          ") does not fit the run's state");
  mission.ended_wall_ms = event.wall_ms;
}

// Decisions after which a proposal that was refused before may hold.
bool IsProgress(const EventBody& body) {
  return !IsFact(body) && !std::holds_alternative<ProposalRefused>(body);
}

void FoldSnapshot(ShardState& state, const SnapshotTaken& taken) {
  const uint64_t newest = state.snapshots.empty() ? 0 : state.snapshots.back().sequence;
  if (taken.sequence <= newest || taken.sequence >= state.sequence) return;
  state.snapshots.push_back(taken);
  if (state.snapshots.size() > kSnapshotsKept) state.snapshots.erase(state.snapshots.begin());
}

void FoldTruncation(ShardState& state, const LogTruncated& truncated) {
  // Every snapshot that is told of must find what follows it.
  if (state.snapshots.empty() || truncated.before > state.snapshots.front().sequence + 1) return;
  if (truncated.before < state.truncated.before || truncated.before == 0) return;
  state.truncated = truncated;
}

Status FoldMission(ShardState& state, const Event& event) {
  MissionState* mission = state.Find(event.mission_id);
  if (const auto* accepted = std::get_if<MissionAccepted>(&event.body)) {
    const auto request = state.requested.find(accepted->request_id);
    if (mission != nullptr || request == state.requested.end()) {
      return DataLoss("event ", event.sequence, " accepts a run that was not requested");
    }
    MissionState fresh;
    fresh.id = event.mission_id;
    fresh.request = std::move(request->second);
    fresh.accepted_sequence = event.sequence;
    fresh.requested_wall_ms = event.wall_ms;
    state.requested.erase(request);
    state.request_ids[accepted->request_id] = event.mission_id;
    state.running.insert(event.mission_id);
    state.missions.emplace(event.mission_id, std::move(fresh));
    return absl::OkStatus();
  }
  if (mission == nullptr) {
    // A late word about a run that was forgotten meanwhile says nothing any more.
    if (state.forgotten.contains(event.mission_id)) return absl::OkStatus();
    return DataLoss("event ", event.sequence, " names the unknown run ", event.mission_id);
  }
  if (const auto* forgotten = std::get_if<MissionForgotten>(&event.body)) {
    if (IsOver(*mission) && mission->ended_wall_ms == forgotten->ended_wall_ms) {
      ForgetMission(state, *mission, event.wall_ms);
    }
    return absl::OkStatus();
  }
  if (mission->status == MissionStatus::kQuarantined) return absl::OkStatus();
  const bool was_running = mission->running();
  MissionFold fold(state, *mission, event);
  if (IsProgress(event.body)) mission->refused.clear();
  const bool fits = std::visit([&](const auto& body) { return fold.Apply(body); }, event.body);
  if (!fits) Quarantine(state, *mission, event);
  RefreshIndexes(state, *mission, was_running);
  return absl::OkStatus();
}

}  // namespace

Status Fold(ShardState& state, const Event& event) {
  if (event.sequence != state.sequence + 1) {
    return FailedPrecondition("event ", event.sequence, " follows event ", state.sequence);
  }
  state.sequence = event.sequence;
  state.wall_ms = event.wall_ms;
  if (!event.mission_id.empty()) return FoldMission(state, event);
  if (std::holds_alternative<ShardOpened>(event.body)) {
    state.incarnation += 1;
  } else if (const auto* joined = std::get_if<HostJoined>(&event.body)) {
    HostState host;
    host.slots = joined->slots;
    host.roles.insert(joined->roles.begin(), joined->roles.end());
    state.hosts[joined->host_id] = std::move(host);
  } else if (const auto* left = std::get_if<HostLeft>(&event.body)) {
    state.hosts.erase(left->host_id);
    state.wanted.erase(left->host_id);
  } else if (const auto* requested = std::get_if<MissionRequested>(&event.body)) {
    // Asked again, of another owner perhaps: it is the mission it was.
    if (!state.request_ids.contains(requested->request.request_id)) {
      state.requested[requested->request.request_id] = requested->request;
    }
  } else if (const auto* refused = std::get_if<MissionRefused>(&event.body)) {
    state.requested.erase(refused->request_id);
  } else if (const auto* taken = std::get_if<SnapshotTaken>(&event.body)) {
    FoldSnapshot(state, *taken);
  } else if (const auto* truncated = std::get_if<LogTruncated>(&event.body)) {
    FoldTruncation(state, *truncated);
  }
  return absl::OkStatus();
}

}  // namespace coditect
