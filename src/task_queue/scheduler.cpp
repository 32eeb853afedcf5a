// Which ready task gets which agent next.
#include "src/task_queue/scheduler.h"

#include <algorithm>
#include <vector>

#include "src/task_queue/parametrizer.h"

namespace coditect {
namespace {

struct Seat {
  HostId host_id;
  uint32_t number = 0;  // of the agent among its role, from 1
};

constexpr uint64_t kStrikePenalty = 250;  // in permille of a host's slots

/// How unattractive a host is for `role`: its load, and what its machinery did of late.
uint64_t Unattractive(const HostState& host, Role role) {
  const uint64_t load = uint64_t{host.busy_total} * 1000 / std::max(host.slots, 1U);
  return load + kStrikePenalty * host.strikes[static_cast<size_t>(role)];
}

/// The best host (least loaded, least failing; the first of equals) with a free slot whose agents
/// can do `role`. A host keeps half of its slots
/// (as many as it has processors) from second hypotheses: they would slow down the first.
std::optional<Seat> FindSeat(const ShardState& state, Role role, uint32_t rank) {
  const HostState* best = nullptr;
  Seat seat;
  for (const auto& [id, host] : state.hosts) {
    const uint32_t slots = rank == 0 ? host.slots : (host.slots + 1) / 2;
    if (host.busy_total >= slots || !host.roles.contains(role)) continue;
    if (best != nullptr && Unattractive(host, role) >= Unattractive(*best, role)) continue;
    best = &host;
    seat.host_id = id;
  }
  if (best == nullptr) return std::nullopt;
  seat.number = best->busy[static_cast<size_t>(role)].LowestFree();
  return seat;
}

bool HasFreeSlot(const ShardState& state) {
  return std::any_of(state.hosts.begin(), state.hosts.end(), [](const auto& entry) {
    return entry.second.busy_total < entry.second.slots;
  });
}

/// What is free on the host for this mission when one more lease has begun: a hint for work that
/// can use more than one processor.
uint32_t FreeSlots(const ShardState& state, const MissionState& mission, const HostId& host_id) {
  const HostState& host = state.hosts.at(host_id);
  uint32_t free = host.slots - std::min(host.slots, host.busy_total + 1);
  const uint32_t agents_max = mission.request.limits.agents;
  if (agents_max != 0) {
    free = std::min(free, agents_max - std::min(agents_max, mission.leased_total + 1));
  }
  return free;
}

uint64_t TestsToReserve(const MissionState& mission, const TaskState& task) {
  const uint64_t spoken_for = mission.tests_used + mission.tests_reserved;
  const uint64_t left = mission.request.limits.tests_max > spoken_for
                            ? mission.request.limits.tests_max - spoken_for
                            : 0;
  return std::min(task.spec.tests_max, left);
}

/// True when a role with ready tasks may have one more agent at work.
bool HasUnfilledRole(const MissionState& mission) {
  for (size_t role = 0; role < kRoleCount; ++role) {
    if (mission.ready_of[role] > 0 && mission.leased[role] < mission.team_caps[role]) return true;
  }
  return false;
}

std::optional<Event> GrantIn(const ShardState& state, const MissionState& mission) {
  if (mission.team_version != mission.plan_version) return std::nullopt;  // no team for this plan
  const uint32_t agents_max = mission.request.limits.agents;
  if (agents_max != 0 && mission.leased_total >= agents_max) return std::nullopt;
  if (!HasUnfilledRole(mission)) return std::nullopt;
  for (const ReadyKey& key : mission.ready) {
    const TaskState& task = *mission.Find(key.task_id);
    const auto role = static_cast<size_t>(task.spec.role);
    if (mission.leased[role] >= mission.team_caps[role]) continue;
    const auto seat = FindSeat(state, task.spec.role, task.spec.rank);
    if (!seat.has_value()) continue;
    Parametrized parametrized = Parametrize(mission, task);
    Event event;
    event.mission_id = mission.id;
    if (!parametrized.impossible.empty()) {
      event.body = TaskFailed{.task_id = key.task_id, .reason = parametrized.impossible};
      return event;
    }
    if (!parametrized.action.has_value()) continue;
    if (task.spec.intent == "plan" && !mission.request.reproducible) {
      // Written into the lease, so that the ledger says what the plan was made of.
      parametrized.action->parameters["experience"] = ExperienceText(state.experience);
    }
    if (task.spec.intent == "repair") {
      parametrized.action->parameters["free_slots"] =
          std::to_string(FreeSlots(state, mission, seat->host_id));
    }
    const uint64_t tests_reserved = TestsToReserve(mission, task);
    if (tests_reserved > 0) {
      parametrized.action->parameters["tests_max"] = std::to_string(tests_reserved);
    }
    event.body =
        LeaseGranted{.task_id = key.task_id,
                     .epoch = {.incarnation = state.incarnation, .sequence = state.sequence + 1},
                     .host_id = seat->host_id,
                     .agent_id = MakeAgentId(task.spec.role, seat->number, seat->host_id),
                     .action = *std::move(parametrized.action),
                     .attempt = task.attempts + 1,
                     .tests_reserved = tests_reserved,
                     .wall_ms_max = parametrized.wall_ms_max};
    return event;
  }
  return std::nullopt;
}

}  // namespace

std::optional<Event> NextGrant(const ShardState& state) {
  if (state.schedulable.empty() || !HasFreeSlot(state)) return std::nullopt;
  for (const ScheduleKey& key : state.schedulable) {
    if (auto event = GrantIn(state, *state.Find(key.mission_id))) return event;
  }
  return std::nullopt;
}

}  // namespace coditect
