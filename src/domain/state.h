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
  std::vector<TaskId> dependents;

  bool operator==(const TaskState&) const = default;
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

/// That a tree passed the tests named by the digest, in the eyes of an agent's host.
struct Verdict {
  TreeId tree;
  std::string expected_digest;
  AgentId agent_id;
  Role role = Role::kUnspecified;

  bool operator==(const Verdict&) const = default;
};

struct ReadyKey {
  uint32_t rank = 0;  // first hypotheses of all goals before second ones
  TaskId task_id;
  auto operator<=>(const ReadyKey&) const = default;
};

struct MissionState {
  MissionId id;
  MissionRequest request;
  MissionStatus status = MissionStatus::kActive;
  Outcome outcome = Outcome::kUnspecified;
  std::string reason;
  int64_t requested_wall_ms = 0;
  int64_t ended_wall_ms = 0;

  std::vector<TaskState> tasks;                  // task t-N at index N-1
  uint32_t plan_version = 0;                     // the accepted one
  std::array<uint32_t, kRoleCount> team_caps{};  // 0 = nobody of that role
  uint32_t team_version = 0;                     // plan version the team is for
  std::set<ReadyKey> ready;
  std::array<uint32_t, kRoleCount> ready_of{};  // how many of them, by role
  std::array<uint32_t, kRoleCount> leased{};    // open leases by role
  uint32_t leased_total = 0;
  std::optional<uint32_t> schedule_rank;  // leased_total in the shard's index schedulable

  std::optional<BaselineSummary> baseline;
  std::vector<Verdict> verdicts;
  CommitId tip;  // "" = still the base
  TreeId tip_tree;
  CommitId previous_tip;  // where the ref of the tip may still be
  MergeQueueState merge;
  std::string branch;  // decided branch, "" = none yet
  CommitId branch_commit;
  CommitId partial;

  uint64_t tests_reserved = 0;
  uint64_t tests_used = 0;
  Usage usage;
  uint32_t violations = 0;
  std::map<ProposalKind, uint32_t> refused;  // proposals refused since the last decision
  std::string refused_reason;
  std::set<std::string> clients;

  bool operator==(const MissionState&) const = default;

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

struct ShardState {
  uint64_t sequence = 0;  // of the last event folded
  int64_t wall_ms = 0;    // of the last event folded
  uint32_t incarnation = 0;
  std::map<HostId, HostState> hosts;  // the living ones
  std::map<MissionId, MissionState> missions;
  std::map<std::string, MissionRequest> requested;  // by request id, not decided yet
  std::map<std::string, MissionId> request_ids;     // decided
  std::set<MissionId> running;                      // index: missions that are active
  std::set<ScheduleKey> schedulable;                // running missions with ready tasks
  std::map<HostId, std::set<LeaseKey>> wanted;      // index; RecomputeWanted is its definition
  Experience experience;                            // of the missions that ended

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

/// The open grants whose mission runs and whose host lives.
std::map<HostId, std::set<LeaseKey>> RecomputeWanted(const ShardState& state);

/// The winner of `group`: its done member of the lowest rank below which every member has ended.
/// 0 when there is none (yet).
TaskId GroupWinner(const MissionState& mission, uint32_t group);

/// True when `task`'s dependency number `index` is fulfilled / can never be.
bool DependencyMet(const MissionState& mission, const TaskState& task, size_t index);
bool DependencyImpossible(const MissionState& mission, const TaskState& task, size_t index);

/// The repair that the verify task `verify` looks at: the winner of the group it waits for. nullptr
/// when there is none (yet).
const TaskState* ClaimOf(const MissionState& mission, const TaskState& verify);

/// The repair behind a claim as a person knows it, by the task that made it: "t-4".
std::string RepairName(const MissionState& mission, TaskId claim);

/// The task that merges what was verified; nullptr before there is a plan of it.
const TaskState* MergeTask(const MissionState& mission);

/// Verify tasks of the accepted plans, in the plan's order.
std::vector<const TaskState*> VerifyTasks(const MissionState& mission);

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
