// What layer 3 offers to layer 2: a host that runs the leases it is told are wanted.
#pragma once

#include <memory>
#include <vector>

#include "src/domain/mission.h"
#include "src/domain/task.h"

namespace coditect {

/// One lease that should be running now, with all its agent needs to know.
struct WantedLease {
  MissionId mission_id;
  TaskId task_id;
  Epoch epoch;
  AgentId agent_id;
  Role role = Role::kUnspecified;
  Action action;
  std::shared_ptr<const MissionRequest> request;  // shared by the leases of one mission
};

/// The whole set, true at `sequence`; a later one replaces it.
struct WantedSet {
  uint64_t sequence = 0;
  /// In order of mission and task; what did not change is shared with the set before.
  std::vector<std::shared_ptr<const WantedLease>> leases;
};

/// Thread-safe; no call blocks.
class AgentService {
 public:
  virtual ~AgentService() = default;

  /// Latest wins: the host starts what is wanted and not running, ends what runs and is not wanted.
  virtual void SetWanted(std::shared_ptr<const WantedSet> wanted) = 0;

  /// The mission has ended or was stopped: whatever is kept for it between its leases may go.
  virtual void ForgetMission(const MissionId& mission_id) = 0;

  /// The reflex: everything is killed now, and nothing starts until a wanted set that is true at or
  /// after the stop arrives with ClearEmergency().
  virtual void EmergencyStop() = 0;
  virtual void ClearEmergency() = 0;
};

}  // namespace coditect
