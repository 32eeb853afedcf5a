// Derived facts about the shard's state.
#include "src/domain/state.h"

#include <algorithm>
#include <set>

#include "src/base/strings.h"
#include "src/domain/evidence.h"

namespace coditect {
namespace {

// Members of a group in order of rank. Groups are small.
std::vector<const TaskState*> GroupMembers(const MissionState& mission, uint32_t group) {
  std::vector<const TaskState*> members;
  for (const TaskState& task : mission.tasks) {
    if (task.spec.group == group && task.plan_version <= mission.plan_version) {
      members.push_back(&task);
    }
  }
  std::sort(members.begin(), members.end(), [](const TaskState* a, const TaskState* b) {
    return std::pair(a->spec.rank, a->spec.task_id) < std::pair(b->spec.rank, b->spec.task_id);
  });
  return members;
}

}  // namespace

TaskId GroupWinner(const MissionState& mission, uint32_t group) {
  for (const TaskState* member : GroupMembers(mission, group)) {
    if (member->status == TaskStatus::kDone) return member->spec.task_id;
    if (!IsTerminal(member->status)) return {};
  }
  return {};
}

const TaskState* ClaimOf(const MissionState& mission, const TaskState& verify) {
  for (size_t i = 0; i < verify.spec.dependencies.size(); ++i) {
    if (verify.spec.dependency_modes[i] != DependencyMode::kWinner) continue;
    const TaskState* rival = mission.Find(verify.spec.dependencies[i]);
    if (rival != nullptr) return mission.Find(GroupWinner(mission, rival->spec.group));
  }
  return nullptr;
}

std::string RepairName(const MissionState& mission, TaskId claim) {
  const TaskState* verify = mission.Find(claim);
  const TaskState* repair = verify == nullptr ? nullptr : ClaimOf(mission, *verify);
  return (repair == nullptr ? claim : repair->spec.task_id).ToString();
}

RepositoryRef PresentBase(const MissionState& mission) {
  RepositoryRef repository = mission.request.repository;
  if (!mission.bases.empty()) {
    repository.base_commit = mission.bases.back().commit;
    repository.base_tree = mission.bases.back().tree;
  }
  return repository;
}

bool IsOfPresentBase(const MissionState& mission, const TaskState& task) {
  return mission.bases.empty() || mission.bases.back().task_id < task.spec.task_id;
}

const TaskState* MergeTask(const MissionState& mission) {
  for (const TaskState& task : mission.tasks) {
    if (task.spec.intent == "merge" && task.plan_version <= mission.plan_version &&
        IsOfPresentBase(mission, task)) {
      return &task;
    }
  }
  return nullptr;
}

std::vector<TaskId> MendedBy(const MissionState& mission, const TaskState& verify) {
  std::vector<TaskId> mended;
  const std::string mends = OutputOf(verify, "mends");
  if (verify.status != TaskStatus::kDone || mends.empty()) return mended;
  const auto clusters = Split(mends, ' ');
  for (const TaskState& other : mission.tasks) {
    if (other.spec.intent != "verify" || other.plan_version != verify.plan_version ||
        other.status == TaskStatus::kDone) {
      continue;
    }
    const auto own = other.spec.parameters.find("clusters");
    if (own != other.spec.parameters.end() && std::ranges::count(clusters, own->second) > 0) {
      mended.push_back(other.spec.task_id);
    }
  }
  return mended;
}

std::vector<TaskId> ClaimsMetBy(const MissionState& mission, const TaskState& verify) {
  std::vector<TaskId> met = MendedBy(mission, verify);
  met.push_back(verify.spec.task_id);
  return met;
}

std::vector<const TaskState*> VerifyTasks(const MissionState& mission) {
  std::vector<const TaskState*> tasks;
  std::set<TaskId> mended;
  for (const TaskState& task : mission.tasks) {
    if (task.spec.intent != "verify" || task.plan_version > mission.plan_version ||
        !IsOfPresentBase(mission, task)) {
      continue;
    }
    tasks.push_back(&task);
    for (const TaskId id : MendedBy(mission, task)) mended.insert(id);
  }
  std::erase_if(tasks, [&](const TaskState* task) { return mended.contains(task->spec.task_id); });
  return tasks;
}

std::vector<TaskId> PendingClaims(const MissionState& mission) {
  std::vector<TaskId> claims;
  for (const TaskState* verify : VerifyTasks(mission)) {
    const TaskId id = verify->spec.task_id;
    if (verify->status == TaskStatus::kDone && mission.merge.Merged(id) == nullptr &&
        mission.merge.Dropped(id) == nullptr) {
      claims.push_back(id);
    }
  }
  return claims;
}

std::string DigestOfClaims(const MissionState& mission, const std::vector<TaskId>& claims) {
  if (mission.baseline.has_value() && claims.size() == VerifyTasks(mission).size()) {
    return mission.baseline->expected_digest;
  }
  std::vector<std::string> digests;
  for (const TaskId id : claims) {
    const TaskState* verify = mission.Find(id);
    if (verify == nullptr) return "";
    for (const TaskId one : ClaimsMetBy(mission, *verify)) {
      const auto& parameters = mission.Find(one)->spec.parameters;
      const auto digest = parameters.find("expected_digest");
      if (digest == parameters.end()) return "";
      digests.push_back(digest->second);
    }
  }
  return digests.size() == 1 ? digests.front() : UnionDigest(std::move(digests));
}

std::string OutputOf(const TaskState& task, const std::string& name) {
  const auto found = task.result.outputs.find(name);
  return found == task.result.outputs.end() ? "" : found->second;
}

bool DependencyMet(const MissionState& mission, const TaskState& task, size_t index) {
  const TaskState* other = mission.Find(task.spec.dependencies[index]);
  if (other == nullptr) return false;
  switch (task.spec.dependency_modes[index]) {
    case DependencyMode::kSuccess:
      return other->status == TaskStatus::kDone;
    case DependencyMode::kSettled:
      return IsTerminal(other->status);
    case DependencyMode::kWinner:
      return static_cast<bool>(GroupWinner(mission, other->spec.group));
  }
  return false;
}

bool DependencyImpossible(const MissionState& mission, const TaskState& task, size_t index) {
  const TaskState* other = mission.Find(task.spec.dependencies[index]);
  if (other == nullptr) return true;
  switch (task.spec.dependency_modes[index]) {
    case DependencyMode::kSuccess:
      return IsTerminal(other->status) && other->status != TaskStatus::kDone;
    case DependencyMode::kSettled:
      return false;
    case DependencyMode::kWinner: {
      const auto members = GroupMembers(mission, other->spec.group);
      return std::all_of(members.begin(), members.end(), [](const TaskState* member) {
        return IsTerminal(member->status) && member->status != TaskStatus::kDone;
      });
    }
  }
  return true;
}

bool CannotStart(const MissionState& mission, const TaskState& task) {
  for (size_t i = 0; i < task.spec.dependencies.size(); ++i) {
    if (DependencyImpossible(mission, task, i)) return true;
  }
  return false;
}

std::vector<const TaskState*> TasksOfPlan(const MissionState& mission, uint32_t version) {
  std::vector<const TaskState*> tasks;
  for (const TaskState& task : mission.tasks) {
    if (task.plan_version == version) tasks.push_back(&task);
  }
  return tasks;
}

std::map<HostId, std::set<LeaseKey>> RecomputeWanted(const ShardState& state) {
  std::map<HostId, std::set<LeaseKey>> wanted;
  for (const auto& [id, mission] : state.missions) {
    if (!mission.running()) continue;
    for (const TaskState& task : mission.tasks) {
      if (task.lease.has_value() && state.hosts.contains(task.lease->host_id)) {
        wanted[task.lease->host_id].insert({id, task.spec.task_id});
      }
    }
  }
  return wanted;
}

bool IsOver(const MissionState& mission) {
  return (mission.status == MissionStatus::kCompleted ||
          mission.status == MissionStatus::kStopped ||
          mission.status == MissionStatus::kQuarantined) &&
         mission.outcome != Outcome::kNeedsApproval && mission.clients.empty() &&
         mission.leased_total == 0;
}

void ForgetMission(ShardState& state, const MissionState& mission, int64_t wall_ms) {
  ForgottenMission forgotten{.id = mission.id,
                             .request_id = mission.request.request_id,
                             .git_dir = mission.request.repository.git_dir,
                             .common_dir = mission.request.repository.common_dir,
                             .object_format = mission.request.repository.object_format,
                             .branch_commit = mission.branch_commit,
                             .forgotten_wall_ms = wall_ms};
  const MissionId id = mission.id;
  state.missions.erase(id);
  state.forgotten[id] = std::move(forgotten);
  std::erase_if(state.forgotten, [&](const auto& entry) {
    const bool old = entry.second.forgotten_wall_ms < wall_ms - kForgottenKeptMs;
    if (old) state.request_ids.erase(entry.second.request_id);
    return old;
  });
  while (state.forgotten.size() > kForgottenMax) {
    const auto oldest = std::min_element(
        state.forgotten.begin(), state.forgotten.end(), [](const auto& a, const auto& b) {
          return a.second.forgotten_wall_ms < b.second.forgotten_wall_ms;
        });
    state.request_ids.erase(oldest->second.request_id);
    state.forgotten.erase(oldest);
  }
}

namespace {

void RebuildMission(ShardState& state, MissionState& mission) {
  mission.ready.clear();
  mission.ready_of = {};
  mission.leased = {};
  mission.leased_total = 0;
  mission.tests_reserved = 0;
  for (TaskState& task : mission.tasks) task.dependents.clear();
  for (TaskState& task : mission.tasks) {
    const auto role = static_cast<size_t>(task.spec.role);
    if (task.status != TaskStatus::kPlanned) {
      for (const TaskId dependency : task.spec.dependencies) {
        if (TaskState* other = mission.Find(dependency)) {
          other->dependents.push_back(task.spec.task_id);
        }
      }
    }
    if (task.status == TaskStatus::kReady &&
        mission.ready.insert({task.spec.rank, task.spec.task_id}).second) {
      mission.ready_of[role] += 1;
    }
    if (!task.lease.has_value()) continue;
    mission.leased[role] += 1;
    mission.leased_total += 1;
    mission.tests_reserved += task.lease->tests_reserved;
    if (const auto host = state.hosts.find(task.lease->host_id); host != state.hosts.end()) {
      if (host->second.busy[role].Insert(AgentNumber(task.lease->agent_id))) {
        host->second.busy_total += 1;
      }
    }
  }
  mission.schedule_rank.reset();
  if (!mission.running()) return;
  state.running.insert(mission.id);
  if (mission.ready.empty()) return;
  mission.schedule_rank = mission.leased_total;
  state.schedulable.insert({mission.leased_total, mission.id});
}

}  // namespace

void RebuildIndexes(ShardState& state) {
  state.running.clear();
  state.schedulable.clear();
  state.request_ids.clear();
  for (auto& [id, host] : state.hosts) {
    host.busy = {};
    host.busy_total = 0;
  }
  for (auto& [id, mission] : state.missions) {
    RebuildMission(state, mission);
    state.request_ids[mission.request.request_id] = id;
  }
  for (const auto& [id, forgotten] : state.forgotten) {
    state.request_ids[forgotten.request_id] = id;
  }
  state.wanted = RecomputeWanted(state);
}

uint32_t AgentNumber(const AgentId& agent_id) {
  const size_t dash = agent_id.find('-');
  const size_t at = agent_id.find('@');
  long long number = 0;
  if (dash == std::string::npos || at == std::string::npos || at < dash ||
      !ParseInt(std::string_view(agent_id).substr(dash + 1, at - dash - 1), 1, UINT32_MAX,
                &number)) {
    return 0;
  }
  return static_cast<uint32_t>(number);
}

AgentId MakeAgentId(Role role, uint32_t number, const HostId& host_id) {
  std::string name(RoleName(role));
  for (char& c : name) c = static_cast<char>(c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : c);
  return StrCat(name, '-', number, '@', host_id.substr(0, 8));
}

}  // namespace coditect
