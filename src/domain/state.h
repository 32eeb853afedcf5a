// The state of one shard: nothing but a fold of its events. Delete it, replay, get the same.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "src/base/status.h"
#include "src/domain/event.h"
#include "src/domain/experience.h"
#include "src/domain/merge_queue_state.h"
#include "src/domain/number_set.h"

namespace coditect {

struct LeaseState {
  Epoch epoch;
  HostId host_id;
  AgentId agent_id;
  Action action;
  uint32_t attempt = 0;
  uint64_t tests_reserved = 0;
  uint64_t wall_ms_max = 0;
  bool started = false;

  bool operator==(const LeaseState&) const = default;
  template <class Self, class Visitor>
  static void Fields(Self& self, Visitor&& visit) {
    visit(1, "epoch", self.epoch);
    visit(2, "host_id", self.host_id);
    visit(3, "agent_id", self.agent_id);
    visit(4, "action", self.action);
    visit(5, "attempt", self.attempt);
    visit(6, "tests_reserved", self.tests_reserved);
    visit(7, "wall_ms_max", self.wall_ms_max);
    visit(8, "started", self.started);
  }
};

struct TaskState {
  TaskSpec spec;
  uint32_t plan_version = 0;
  TaskStatus status = TaskStatus::kPlanned;
  uint32_t attempts = 0;               // leases that count: reported or timed out
  uint32_t voids = 0;                  // leases lost with their host while running
  std::vector<TreeId> excluded_trees;  // claims that were refuted
  std::optional<LeaseState> lease;
  std::optional<TaskResult> reported;  // not decided yet
  TaskResult result;                   // the last one accepted
  Usage spent;                         // of every attempt that told it
  std::string reason;                  // why it failed, was cancelled or is tried again
  std::vector<TaskId> dependents;      // index

  bool operator==(const TaskState&) const = default;
  /// All but the index: RebuildIndexes makes that.
  template <class Self, class Visitor>
  static void Fields(Self& self, Visitor&& visit) {
    visit(1, "spec", self.spec);
    visit(2, "plan_version", self.plan_version);
    visit(3, "status", self.status);
    visit(4, "attempts", self.attempts);
    visit(5, "voids", self.voids);
    visit(6, "excluded_trees", self.excluded_trees);
    visit(7, "lease", self.lease);
    visit(8, "reported", self.reported);
    visit(9, "result", self.result);
    visit(10, "reason", self.reason);
    visit(11, "spent", self.spent);
  }
};

/// What the last result accepted says under `name`; "" if nothing.
std::string OutputOf(const TaskState& task, const std::string& name);

enum class MissionStatus {
  kActive,
  kInterrupted,  // no living client: nothing is wanted until somebody resumes it
  kStopped,      // by a person or a limit; can be resumed
  kCompleted,
  kQuarantined,  // its events do not fold
};
constexpr auto EnumNames(MissionStatus) {
  return std::array<std::string_view, 5>{"MISSION_ACTIVE", "MISSION_INTERRUPTED", "MISSION_STOPPED",
                                         "MISSION_COMPLETED", "MISSION_QUARANTINED"};
}

/// That a tree passed the tests named by the digest, in the eyes of an agent's host.
struct Verdict {
  TreeId tree;
  std::string expected_digest;
  AgentId agent_id;
  Role role = Role::kUnspecified;
  BlobId review;  // what a person must see of it; "" = nothing
  std::string review_reason;

  bool operator==(const Verdict&) const = default;
  template <class Self, class Visitor>
  static void Fields(Self& self, Visitor&& visit) {
    visit(1, "tree", self.tree);
    visit(2, "expected_digest", self.expected_digest);
    visit(3, "agent_id", self.agent_id);
    visit(4, "role", self.role);
    visit(5, "review", self.review);
    visit(6, "review_reason", self.review_reason);
  }
};

enum class ApprovalStatus { kOpen, kApproved, kRejected };
constexpr auto EnumNames(ApprovalStatus) {
  return std::array<std::string_view, 3>{"APPROVAL_OPEN", "APPROVAL_APPROVED", "APPROVAL_REJECTED"};
}

/// A person's word that was asked for, and what it is about (domain/approval.h).
struct ApprovalState {
  std::string approval_id;  // "a-1", within the mission
  std::string subject;      // "plan" or "merge"
  std::string digest;       // of what was to be seen
  std::string reason;       // why it was asked for
  uint32_t plan_version = 0;
  TreeId tree;
  BlobId review;
  int64_t requested_wall_ms = 0;
  ApprovalStatus status = ApprovalStatus::kOpen;
  std::string principal;  // who answered
  std::string note;

  bool operator==(const ApprovalState&) const = default;
  template <class Self, class Visitor>
  static void Fields(Self& self, Visitor&& visit) {
    visit(1, "approval_id", self.approval_id);
    visit(2, "subject", self.subject);
    visit(3, "digest", self.digest);
    visit(4, "reason", self.reason);
    visit(5, "plan_version", self.plan_version);
    visit(6, "tree", self.tree);
    visit(7, "review", self.review);
    visit(8, "requested_wall_ms", self.requested_wall_ms);
    visit(9, "status", self.status);
    visit(10, "principal", self.principal);
    visit(11, "note", self.note);
  }
};

struct ReadyKey {
  uint32_t rank = 0;  // first hypotheses of all goals before second ones
  TaskId task_id;
  auto operator<=>(const ReadyKey&) const = default;
};

/// Merges that are remembered for a mission as tested.
inline constexpr size_t kAllowedMergesMax = 8;
/// What a merge made, and the tasks behind it begin with in place of the person's base.
struct AdvancedBase {
  TaskId task_id;  // the merge
  CommitId commit;
  TreeId tree;
  MergeQueueState merge;  // how it came together

  bool operator==(const AdvancedBase&) const = default;
  template <class Self, class Visitor>
  static void Fields(Self& self, Visitor&& visit) {
    visit(1, "task_id", self.task_id);
    visit(2, "commit", self.commit);
    visit(3, "tree", self.tree);
    visit(4, "merge", self.merge);
  }
};
/// How often that may happen in a mission.
inline constexpr size_t kAdvancedBasesMax = 3;

struct MissionState {
  MissionId id;
  MissionRequest request;
  MissionStatus status = MissionStatus::kActive;
  Outcome outcome = Outcome::kUnspecified;
  std::string reason;
  uint64_t accepted_sequence = 0;  // of the event; the order in which missions began
  int64_t requested_wall_ms = 0;
  int64_t ended_wall_ms = 0;

  std::vector<TaskState> tasks;                  // task t-N at index N-1
  uint32_t plan_version = 0;                     // the accepted one
  uint64_t plan_index = 0;                       // the event that accepted it
  bool plan_released = false;                    // of a plan-only mission: run it after all
  std::array<uint32_t, kRoleCount> team_caps{};  // 0 = nobody of that role
  uint32_t team_version = 0;                     // plan version the team is for
  std::set<ReadyKey> ready;
  std::array<uint32_t, kRoleCount> ready_of{};  // how many of them, by role
  std::array<uint32_t, kRoleCount> leased{};    // open leases by role
  uint32_t leased_total = 0;
  std::optional<uint32_t> schedule_rank;  // leased_total in the shard's index schedulable

  std::optional<BaselineSummary> baseline;
  std::vector<Verdict> verdicts;
  std::vector<ApprovalState> approvals;  // in the order they were asked for
  CommitId tip;                          // "" = still the base
  TreeId tip_tree;
  CommitId previous_tip;  // where the ref of the tip may still be
  MergeQueueState merge;
  std::string branch;  // decided branch, "" = none yet
  CommitId branch_commit;
  CommitId branch_old;  // where that branch was, "" = it is made
  TreeId branch_tree;
  CommitId partial;
  std::vector<MergeAllowed> allowed_merges;  // trees of merges that were tested, the newest last
  std::vector<AdvancedBase> bases;           // the last one is what is worked on now

  uint64_t tests_reserved = 0;
  uint64_t tests_used = 0;
  Usage usage;
  uint32_t violations = 0;
  std::map<ProposalKind, uint32_t> refused;  // proposals refused since the last decision
  std::string refused_reason;
  std::set<std::string> clients;

  bool operator==(const MissionState&) const = default;
  /// All but the indexes: RebuildIndexes makes those. A new member gets a line here, in
  /// proto/coditect/v1/snapshot.proto and, when events of old set it, another kStateFormat.
  template <class Self, class Visitor>
  static void Fields(Self& self, Visitor&& visit) {
    visit(1, "mission_id", self.id);
    visit(2, "request", self.request);
    visit(3, "status", self.status);
    visit(4, "outcome", self.outcome);
    visit(5, "reason", self.reason);
    visit(6, "accepted_sequence", self.accepted_sequence);
    visit(7, "requested_wall_ms", self.requested_wall_ms);
    visit(8, "ended_wall_ms", self.ended_wall_ms);
    visit(9, "tasks", self.tasks);
    visit(10, "plan_version", self.plan_version);
    visit(11, "team_caps", self.team_caps);
    visit(12, "team_version", self.team_version);
    visit(13, "baseline", self.baseline);
    visit(14, "verdicts", self.verdicts);
    visit(15, "tip", self.tip);
    visit(16, "tip_tree", self.tip_tree);
    visit(17, "previous_tip", self.previous_tip);
    visit(18, "merge", self.merge);
    visit(19, "branch", self.branch);
    visit(20, "branch_commit", self.branch_commit);
    visit(21, "partial", self.partial);
    visit(22, "tests_used", self.tests_used);
    visit(23, "usage", self.usage);
    visit(24, "violations", self.violations);
    visit(25, "refused", self.refused);
    visit(26, "refused_reason", self.refused_reason);
    visit(27, "clients", self.clients);
    visit(28, "approvals", self.approvals);
    visit(29, "plan_index", self.plan_index);
    visit(30, "plan_released", self.plan_released);
    visit(31, "branch_old", self.branch_old);
    visit(32, "branch_tree", self.branch_tree);
    visit(33, "allowed_merges", self.allowed_merges);
    visit(36, "bases", self.bases);
  }

  const TaskState* Find(TaskId id) const {
    return id.ordinal >= 1 && id.ordinal <= tasks.size() ? &tasks[id.ordinal - 1] : nullptr;
  }
  TaskState* Find(TaskId id) { return const_cast<TaskState*>(std::as_const(*this).Find(id)); }
  bool running() const { return status == MissionStatus::kActive; }
};

struct HostState {
  uint32_t slots = 0;
  std::set<Role> roles;
  std::array<NumberSet, kRoleCount> busy;      // agent numbers at work, by role
  std::array<uint32_t, kRoleCount> strikes{};  // recent failures of its machinery, by role
  uint32_t busy_total = 0;

  bool operator==(const HostState&) const = default;
};

/// A lease that should be running.
struct LeaseKey {
  MissionId mission_id;
  TaskId task_id;
  auto operator<=>(const LeaseKey&) const = default;
};

/// A mission's turn: those with the fewest leases come first.
struct ScheduleKey {
  uint32_t leased_total = 0;
  MissionId mission_id;
  auto operator<=>(const ScheduleKey&) const = default;
};

/// What is left of a mission whose retention is over.
struct ForgottenMission {
  MissionId id;
  std::string request_id;  // asked again it is still this mission (I2), not a new one
  std::string git_dir;     // where its refs were
  std::string common_dir;
  std::string object_format;
  CommitId branch_commit;  // what it delivered
  int64_t forgotten_wall_ms = 0;

  bool operator==(const ForgottenMission&) const = default;
  template <class Self, class Visitor>
  static void Fields(Self& self, Visitor&& visit) {
    visit(1, "mission_id", self.id);
    visit(2, "request_id", self.request_id);
    visit(3, "git_dir", self.git_dir);
    visit(4, "common_dir", self.common_dir);
    visit(5, "object_format", self.object_format);
    visit(6, "branch_commit", self.branch_commit);
    visit(7, "forgotten_wall_ms", self.forgotten_wall_ms);
  }
};

/// How long a forgotten mission is known by its name and its request id, and how many are.
inline constexpr int64_t kForgottenKeptMs = int64_t{365} * 24 * 3600 * 1000;
inline constexpr size_t kForgottenMax = 100'000;
/// Snapshots that are told of: the newest, and the one to fall back to.
inline constexpr size_t kSnapshotsKept = 2;

struct ShardState {
  uint64_t sequence = 0;  // of the last event folded
  int64_t wall_ms = 0;    // of the last event folded
  uint32_t incarnation = 0;
  std::map<HostId, HostState> hosts;  // the living ones
  std::map<MissionId, MissionState> missions;
  std::map<std::string, MissionRequest> requested;  // by request id, not decided yet
  std::map<std::string, MissionId> request_ids;     // decided
  std::map<MissionId, ForgottenMission> forgotten;
  std::vector<SnapshotTaken> snapshots;         // the last kSnapshotsKept, oldest first
  LogTruncated truncated;                       // the last one; before = 0: never
  Experience experience;                        // of the missions that ended
  std::set<MissionId> running;                  // index: missions that are active
  std::set<ScheduleKey> schedulable;            // running missions with ready tasks
  std::map<HostId, std::set<LeaseKey>> wanted;  // index; RecomputeWanted is its definition

  bool operator==(const ShardState&) const = default;

  const MissionState* Find(const MissionId& id) const {
    const auto found = missions.find(id);
    return found == missions.end() ? nullptr : &found->second;
  }
  MissionState* Find(const MissionId& id) {
    return const_cast<MissionState*>(std::as_const(*this).Find(id));
  }
};

/// Applies one event. Total: an event that does not fit its mission quarantines that mission and
/// the others go on. FAILED_PRECONDITION when the event is out of sequence.
Status Fold(ShardState& state, const Event& event);

/// True for a mission that is over and that nobody follows: it may be forgotten. A stopped one is
/// over; an interrupted one, and one that waits for a person's word, is not.
bool IsOver(const MissionState& mission);

/// Takes the mission out of the state at `wall_ms`. Its name and request id stay for a while, so
/// that they are not given to another.
void ForgetMission(ShardState& state, const MissionState& mission, int64_t wall_ms);

/// Makes every index of the state from what it is an index of.
void RebuildIndexes(ShardState& state);

/// The open grants whose mission runs and whose host lives.
std::map<HostId, std::set<LeaseKey>> RecomputeWanted(const ShardState& state);

/// The winner of `group`: its done member of the lowest rank below which every member has ended.
/// 0 when there is none (yet).
TaskId GroupWinner(const MissionState& mission, uint32_t group);

/// True when `task`'s dependency number `index` is fulfilled / can never be.
bool DependencyMet(const MissionState& mission, const TaskState& task, size_t index);
bool DependencyImpossible(const MissionState& mission, const TaskState& task, size_t index);
/// True when one of its dependencies can never be.
bool CannotStart(const MissionState& mission, const TaskState& task);

/// The repair that the verify task `verify` looks at: the winner of the group it waits for. nullptr
/// when there is none (yet).
const TaskState* ClaimOf(const MissionState& mission, const TaskState& verify);

/// The repair behind a claim as a person knows it, by the task that made it: "t-4".
std::string RepairName(const MissionState& mission, TaskId claim);

/// The repository as the tasks see it that come now: its base is what was merged, once the mission
/// has advanced to that.
RepositoryRef PresentBase(const MissionState& mission);

/// True for a task that begins with the present base, not with an earlier one.
bool IsOfPresentBase(const MissionState& mission, const TaskState& task);

/// The task that merges what was verified; nullptr before there is a plan of it. Of the present
/// base, as all that follows.
const TaskState* MergeTask(const MissionState& mission);

/// Verify tasks of the accepted plans, in the plan's order, without those whose cluster the repair
/// of another was seen mending.
std::vector<const TaskState*> VerifyTasks(const MissionState& mission);

/// Verify tasks whose clusters the tree that `verify` saw passing mends, too (its output "mends"),
/// and that have not seen a repair of their own passing.
std::vector<TaskId> MendedBy(const MissionState& mission, const TaskState& verify);

/// Those, and `verify` itself: what its claim stands for.
std::vector<TaskId> ClaimsMetBy(const MissionState& mission, const TaskState& verify);

/// Claims that were seen passing alone and are neither merged nor dropped, in the plan's order.
std::vector<TaskId> PendingClaims(const MissionState& mission);

/// The ids that must be seen passing when the repairs of `claims` are together, as the digest that
/// evidence of it carries: of all claims the goal's, of one its own, else UnionDigest of theirs.
std::string DigestOfClaims(const MissionState& mission, const std::vector<TaskId>& claims);

/// The tasks of plan version `version`, in order.
std::vector<const TaskState*> TasksOfPlan(const MissionState& mission, uint32_t version);

/// The number in an agent id ("coder-2@…" gives 2), 0 when malformed.
uint32_t AgentNumber(const AgentId& agent_id);
AgentId MakeAgentId(Role role, uint32_t number, const HostId& host_id);

}  // namespace coditect
