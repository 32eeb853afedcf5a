// What must hold of all events together, and how a mission is shown when it does not.
#pragma once

#include <doctest/doctest.h>

#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "src/domain/state.h"

namespace coditect {

// I2: a lease has at most one result and none after its end; a ref moves from where it is. And
// the ledger's own time never goes back, whatever the clock does.
inline void CheckEffects(const std::vector<Event>& events) {
  std::set<std::string> ended;
  std::map<std::string, CommitId> refs;
  int64_t wall_ms = 0;
  for (const Event& event : events) {
    REQUIRE_GE(event.wall_ms, wall_ms);
    wall_ms = event.wall_ms;
    const auto lease = [&](const auto& body) {
      return StrCat(event.mission_id, ' ', body.task_id.ToString(), ' ', body.epoch.ToString());
    };
    if (const auto* end = std::get_if<LeaseEnded>(&event.body)) {
      REQUIRE(ended.insert(lease(*end)).second);
      if (end->cause == LeaseEnd::kReported) ended.insert(lease(*end) + " may be accepted");
    } else if (const auto* accepted = std::get_if<ResultAccepted>(&event.body)) {
      REQUIRE_EQ(ended.erase(lease(*accepted) + " may be accepted"), 1);
    } else if (const auto* decided = std::get_if<MergeDecided>(&event.body)) {
      CommitId& ref = refs[StrCat(event.mission_id, ' ', decided->ref)];
      if (!ref.empty()) REQUIRE_EQ(decided->old_commit, ref);
      ref = decided->new_commit;
    }
  }
}

inline std::vector<std::pair<MissionId, ApprovalState>> OpenApprovals(const ShardState& state) {
  std::vector<std::pair<MissionId, ApprovalState>> open;
  for (const auto& [id, mission] : state.missions) {
    const ApprovalState* asked = OpenApproval(mission);
    if (asked != nullptr) open.emplace_back(id, *asked);
  }
  return open;
}

struct Running {
  MissionId mission_id;
  TaskId task_id;
  LeaseState lease;
  TaskSpec spec;
};

inline std::string Describe(const MissionState& mission) {
  std::string text = StrCat(mission.id, " plan ", mission.plan_version, " team ",
                            mission.team_version, " refused ", mission.refused_reason);
  for (const TaskState& task : mission.tasks) {
    text += StrCat("\n  ", task.spec.task_id.ToString(), ' ', task.spec.intent, ' ',
                   EnumName(task.status), " attempts ", task.attempts, ' ', task.reason);
  }
  return text;
}

}  // namespace coditect
