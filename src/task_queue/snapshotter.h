// Takes snapshots of a growing ledger, beside its owner.
#pragma once

#include <functional>
#include <thread>

#include "src/base/mutex.h"
#include "src/domain/state.h"
#include "src/ports/object_store.h"
#include "src/task_queue/ledger.h"

namespace coditect {

/// Events after which a snapshot is worth its cost: folding them takes about 0.1 s of CPU.
inline constexpr uint64_t kSnapshotEvents = 50'000;

/// Reads and folds the log by itself, on a thread of its own, so that the shard's thread neither
/// copies its state nor waits for a disk. Thread-safe.
class Snapshotter {
 public:
  /// Makes the event durable in the ledger.
  using Record = std::function<Status(const Context&, const SnapshotTaken&)>;

  /// `open`: the log for reading. `store` outlives it.
  Snapshotter(uint32_t shard, uint64_t events_between, Ledger::OpenLog open, ObjectStore& store,
              Record record);
  ~Snapshotter() { Stop(); }

  /// The ledger grew to `state`. Never blocks.
  void Announce(const ShardState& state);

  /// Gives up what it is at and ends the thread.
  void Stop();

  /// Snapshots that could not be taken, and the last reason.
  struct Failures {
    uint64_t count = 0;
    Status last;
  };
  Failures failures() const;

 private:
  void Loop();
  Status TakeOne(const Context& ctx);

  const uint32_t shard_;
  const uint64_t events_between_;
  const Ledger::OpenLog open_;
  ObjectStore& store_;
  const Record record_;
  const CancelToken cancel_;

  mutable Mutex mutex_;
  CondVar wake_;
  uint64_t sequence_ ABSL_GUARDED_BY(mutex_) = 0;  // of the ledger
  uint64_t due_ ABSL_GUARDED_BY(mutex_) = 0;       // sequence from which the next one is due
  Failures failures_ ABSL_GUARDED_BY(mutex_);
  bool stopping_ ABSL_GUARDED_BY(mutex_) = false;
  std::thread thread_;
};

}  // namespace coditect
