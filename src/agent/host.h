// An agent host: runs the leases it is told are wanted, and nothing else.
#pragma once

#include <map>
#include <memory>
#include <string>

#include "src/agent/lease.h"
#include "src/agent/mission_resources.h"
#include "src/base/executor.h"
#include "src/base/mutex.h"
#include "src/ports/agent_service.h"
#include "src/ports/task_queue_service.h"

namespace coditect {

/// After each wanted set: starts wanted-not-running, ends running-not-wanted. Agents run on a
/// bounded work pool; starting and ending is one control thread's job. Thread-safe.
class AgentHost final : public AgentService {
 public:
  struct Options {
    HostId host_id;
    uint32_t slots = 2;
  };

  /// `queue` and the services outlive the host.
  AgentHost(Options options, const HostServices& services, TaskQueueService& queue);
  ~AgentHost() override { Stop(); }

  /// Ends every lease without reporting it and waits for the agents.
  void Stop();

  void SetWanted(std::shared_ptr<const WantedSet> wanted) override;
  void ForgetMission(const MissionId& mission_id) override;
  void EmergencyStop() override;
  void ClearEmergency() override;

 private:
  struct Running {
    WantedLease wanted;
    CancelToken cancel;
  };
  using LeaseKey = std::pair<MissionId, std::string>;  // mission, "t-3 1-42"

  void Reconcile();
  void Start(const WantedLease& wanted);
  void RunLease(const WantedLease& wanted, const CancelToken& cancel);
  void TellSpent(const WantedLease& wanted, const Usage& usage);
  Status Announce(const Lease& lease);
  bool Report(const Lease& lease, StatusOr<Work> work);
  std::shared_ptr<MissionResources> ResourcesOf(const WantedLease& wanted);

  const Options options_;
  const HostServices services_;
  TaskQueueService& queue_;

  Mutex mutex_;
  std::shared_ptr<const WantedSet> wanted_
      ABSL_GUARDED_BY(mutex_);  // the latest; shared with the shard
  std::map<LeaseKey, Running> running_ ABSL_GUARDED_BY(mutex_);
  /// Shared by the mission's running leases; the last one to go removes the base folder.
  std::map<MissionId, std::shared_ptr<MissionResources>> missions_ ABSL_GUARDED_BY(mutex_);
  bool reconcile_posted_ ABSL_GUARDED_BY(mutex_) = false;
  bool emergency_ ABSL_GUARDED_BY(mutex_) = false;
  bool stopping_ ABSL_GUARDED_BY(mutex_) = false;

  Executor work_;
  Executor control_;
};

}  // namespace coditect
