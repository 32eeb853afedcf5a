// Takes snapshots of a growing ledger.
#include "src/task_queue/snapshotter.h"

#include <pthread.h>

#include <algorithm>
#include <utility>

#include "src/task_queue/snapshot.h"

namespace coditect {

Snapshotter::Snapshotter(uint32_t shard, uint64_t events_between, Ledger::OpenLog open,
                         ObjectStore& store, Record record)
    : shard_(shard),
      events_between_(events_between),
      open_(std::move(open)),
      store_(store),
      record_(std::move(record)),
      thread_([this] {
        ::pthread_setname_np(::pthread_self(), "snapshots");
        Loop();
      }) {}

void Snapshotter::Announce(const ShardState& state) {
  const uint64_t newest = state.snapshots.empty() ? 0 : state.snapshots.back().sequence;
  MutexLock lock(mutex_);
  sequence_ = state.sequence;
  due_ = std::max(due_, newest + events_between_);
  if (sequence_ >= due_) wake_.NotifyAll();
}

void Snapshotter::Stop() {
  cancel_.Cancel();
  {
    MutexLock lock(mutex_);
    stopping_ = true;
    wake_.NotifyAll();
  }
  if (thread_.joinable()) thread_.join();
}

Snapshotter::Failures Snapshotter::failures() const {
  MutexLock lock(mutex_);
  return failures_;
}

void Snapshotter::Loop() {
  Context ctx;
  ctx.cancel = cancel_;
  for (;;) {
    {
      MutexLock lock(mutex_);
      while (!stopping_ && (sequence_ == 0 || sequence_ < due_)) wake_.Wait(mutex_);
      if (stopping_) return;
      due_ = sequence_ + events_between_;  // also when it fails: a full disk stays full for a while
    }
    const Status status = TakeOne(ctx);
    if (status.ok() || absl::IsAborted(status) || absl::IsCancelled(status)) continue;
    MutexLock lock(mutex_);
    ++failures_.count;
    failures_.last = status;
  }
}

Status Snapshotter::TakeOne(const Context& ctx) {
  ASSIGN_OR_RETURN(const auto log, open_());
  ASSIGN_OR_RETURN(const SnapshotTaken taken, TakeSnapshot(ctx, *log, shard_, store_));
  return record_(ctx, taken);
}

}  // namespace coditect
