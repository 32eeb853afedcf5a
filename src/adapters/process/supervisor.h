// Watches running launches: takes their output, enforces their limits, sees them to their end.
#pragma once

#include <sys/types.h>

#include <atomic>
#include <functional>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "src/adapters/process/cgroups.h"
#include "src/adapters/process/output_buffer.h"
#include "src/adapters/process/plan.h"
#include "src/adapters/process/process_tree.h"
#include "src/base/clock.h"
#include "src/base/mutex.h"
#include "src/base/status.h"
#include "src/base/unique_fd.h"
#include "src/ports/sandbox.h"

namespace coditect::process {

/// One launch on the host's side. The supervisor's thread owns everything but the first group
/// (constant) and the last (guarded).
class RunningLaunch {
 public:
  struct Parts {
    pid_t pid = 0;
    UniqueFd pidfd;   // of the first process: readable when nothing of the launch is left
    UniqueFd life;    // a socket: its gate, and the way to end a plain launch
    UniqueFd output;  // read end, non-blocking
    UniqueFd status;  // read end of StatusRecords, non-blocking
    Cgroup cgroup;
    bool count_by_proc = false;  // without cgroups: usage is summed over /proc
    bool plain = false;
    SandboxLimits limits;
    uint64_t output_keep_bytes = 0;
  };

  explicit RunningLaunch(Parts parts)
      : parts_(std::move(parts)), output_(parts_.output_keep_bytes) {}

  /// Kills every process of the launch; the first reason given is the one reported. Any thread.
  void Kill(EndedBy reason);

  /// Opens the gate: from now on the command runs.
  void OpenGate();

  /// The result once the launch has ended and nothing of it is left. Any thread.
  StatusOr<SandboxResult> WaitForEnd();
  /// The same, at most until `deadline`; false when it has not ended by then.
  bool WaitUntil(MonotonicTime deadline);

 private:
  friend class Supervisor;
  void TakeOutput();
  void TakeStatus();
  void CheckLimits(MonotonicTime now, const ProcessTable* table);
  MonotonicTime NextCheck(MonotonicTime now) const;
  CgroupUsage Usage(const ProcessTable* table);
  bool Ended(MonotonicTime now) const;
  void Finish(MonotonicTime now);
  StatusOr<SandboxResult> Judge(const CgroupUsage& usage, MonotonicTime now);

  Parts parts_;
  MonotonicTime started_;

  OutputBuffer output_;
  std::vector<StatusRecord> records_;
  bool gone_ = false;           // the first process has ended
  bool status_closed_ = false;  // nothing more will be said about it
  MonotonicTime gone_at_;
  MonotonicTime next_check_;
  CgroupUsage last_usage_;

  std::atomic<int> reason_{-1};  // EndedBy, -1 = nobody has killed it
  Mutex mutex_;
  CondVar ended_;
  bool done_ ABSL_GUARDED_BY(mutex_) = false;
  StatusOr<SandboxResult> result_ ABSL_GUARDED_BY(mutex_) = absl::UnknownError("running");
};

/// One thread for all launches. Thread-safe.
class Supervisor {
 public:
  struct Options {
    int broker_pidfd = -1;            // when the broker ends, every launch is killed
    std::string state_folder;         // its filesystem must keep `disk_reserve_bytes` free
    uint64_t disk_reserve_bytes = 0;  // below it running launches end by kPolicy
  };
  static StatusOr<std::unique_ptr<Supervisor>> Create(Options options);
  /// Kills what runs, waits for it and ends the thread.
  ~Supervisor();

  /// Takes over a launch whose gate is closed; opens it. FAILED_PRECONDITION after EmergencyStop().
  /// The launch is shared: its process object may be destroyed first, or last.
  Status Adopt(std::shared_ptr<RunningLaunch> launch);

  /// FAILED_PRECONDITION while stopped.
  Status CheckRunning();
  void EmergencyStop();
  void Resume();

 private:
  Supervisor(Options options, UniqueFd wake)
      : options_(std::move(options)), wake_(std::move(wake)) {}
  void Loop();
  bool Step(const std::vector<std::shared_ptr<RunningLaunch>>& launches);
  bool DiskIsShort() const;
  void Wake();

  const Options options_;
  const UniqueFd wake_;
  Mutex mutex_;
  bool stopped_ ABSL_GUARDED_BY(mutex_) = false;
  bool leaving_ ABSL_GUARDED_BY(mutex_) = false;
  std::vector<std::shared_ptr<RunningLaunch>> launches_ ABSL_GUARDED_BY(mutex_);
  bool broker_gone_ = false;
  MonotonicTime next_disk_check_;
  std::thread thread_;
};

}  // namespace coditect::process
