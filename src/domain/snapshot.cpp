// The state of a shard as values that can be stored.
#include "src/domain/snapshot.h"

#include <utility>

namespace coditect {

StateSnapshot SummaryOf(const ShardState& state) {
  StateSnapshot summary;
  summary.state_format = kStateFormat;
  summary.sequence = state.sequence;
  summary.wall_ms = state.wall_ms;
  summary.incarnation = state.incarnation;
  for (const auto& [id, host] : state.hosts) {
    summary.hosts.push_back(
        {.host_id = id, .slots = host.slots, .roles = {host.roles.begin(), host.roles.end()}});
  }
  for (const auto& [id, request] : state.requested) summary.requested.push_back(request);
  for (const auto& [id, forgotten] : state.forgotten) summary.forgotten.push_back(forgotten);
  summary.snapshots = state.snapshots;
  summary.truncated = state.truncated;
  summary.mission_count = state.missions.size();
  return summary;
}

ShardState StateOf(StateSnapshot summary, std::vector<MissionState> missions) {
  ShardState state;
  state.sequence = summary.sequence;
  state.wall_ms = summary.wall_ms;
  state.incarnation = summary.incarnation;
  for (HostSnapshot& host : summary.hosts) {
    HostState& restored = state.hosts[host.host_id];
    restored.slots = host.slots;
    restored.roles.insert(host.roles.begin(), host.roles.end());
  }
  for (MissionRequest& request : summary.requested) {
    const std::string id = request.request_id;
    state.requested[id] = std::move(request);
  }
  for (ForgottenMission& forgotten : summary.forgotten) {
    const MissionId id = forgotten.id;
    state.forgotten[id] = std::move(forgotten);
  }
  state.snapshots = std::move(summary.snapshots);
  state.truncated = std::move(summary.truncated);
  for (MissionState& mission : missions) {
    const MissionId id = mission.id;
    state.missions.emplace(id, std::move(mission));
  }
  RebuildIndexes(state);
  return state;
}

}  // namespace coditect
