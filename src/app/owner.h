// The owner: a process that holds the ledger's lock, decides, and runs the agents.
#pragma once

#include <memory>
#include <string>

#include "src/agent/host.h"
#include "src/app/bootstrap.h"
#include "src/app/progress_bus.h"
#include "src/app/server.h"
#include "src/app/tiered_sandbox.h"
#include "src/base/unique_fd.h"
#include "src/orchestrator/orchestrator.h"
#include "src/task_queue/snapshotter.h"
#include "src/task_queue/task_queue.h"

namespace coditect {

struct OwnerOptions {
  uint32_t slots = 2;
  std::chrono::milliseconds sync_interval{100};
  std::chrono::milliseconds planning_interval{600'000};
  std::string workspace;                       // "" or "copy"
  uint64_t snapshot_events = kSnapshotEvents;  // between two snapshots of the state
  int64_t retention_ms = 0;                    // of runs that ended: storage.retention
};

/// One per process. Stop() (or destruction) ends the agents and hands over: the lock is released
/// and clients of this owner take over.
class Owner {
 public:
  /// UNAVAILABLE when another process owns the ledger. Sweeps what a dead owner left behind.
  static StatusOr<std::unique_ptr<Owner>> Start(const Context& ctx, const StatePaths& paths,
                                                const OwnerOptions& options, const Clock& clock);
  ~Owner() { Stop(); }
  void Stop();

  TaskQueueService& queue() { return *queue_; }
  /// How missions that ask for `tier` are isolated here.
  SandboxProfile sandbox_profile(const std::string& tier) { return sandbox_->ProfileOf(tier); }
  const ProgressBus& progress() const { return *bus_; }

  /// The reflex of the second Ctrl-C: everything is killed, nothing is waited for, also while
  /// Stop() waits. Any thread.
  void EmergencyStop();

  /// OK, or why nothing can be recorded now, and since when.
  TaskQueue::Health health() const { return queue_->health(); }

  /// Waits until the ledger grew beyond `sequence`, at most `timeout`.
  void WaitForNews(uint64_t sequence, std::chrono::milliseconds timeout);

 private:
  Owner(const StatePaths& paths, const OwnerOptions& options, const Clock& clock)
      : paths_(paths), options_(options), clock_(clock) {}
  Status Open(const Context& ctx);
  Status OpenServices(const Context& ctx);
  void TellOfRefusedSnapshots(const HostId& host_id);

  const StatePaths paths_;
  const OwnerOptions options_;
  const Clock& clock_;
  const Orchestrator orchestrator_;
  UniqueFd lock_;
  std::unique_ptr<TieredSandbox> sandbox_;
  std::unique_ptr<TestHarness> harness_;
  std::unique_ptr<ObjectStore> blobs_;
  std::unique_ptr<ProgressBus> bus_;
  std::unique_ptr<TaskQueue> queue_;
  std::unique_ptr<Snapshotter> snapshotter_;
  std::unique_ptr<AgentHost> host_;
  std::unique_ptr<Server> server_;

  Mutex reflex_mutex_;
  bool agents_ended_ ABSL_GUARDED_BY(reflex_mutex_) = false;

  Mutex mutex_;
  CondVar news_;
  uint64_t sequence_ ABSL_GUARDED_BY(mutex_) = 0;
};

}  // namespace coditect
