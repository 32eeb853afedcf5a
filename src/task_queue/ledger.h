// The shard's journal: encodes steps into blocks, chains them, and replays them.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "src/domain/event.h"
#include "src/domain/state.h"
#include "src/ports/event_log.h"
#include "src/ports/object_store.h"

namespace coditect {

/// Walks a shard's chain of blocks from its beginning, or from a place whose hash is known, as far
/// as it reaches, again and again as it grows. Not thread-safe.
class ChainReader {
 public:
  explicit ChainReader(uint32_t shard) : shard_(shard) {}

  /// Goes on behind the block that ends at `sequence` and has `hash`. `snapshot_event`: sequence of
  /// the last SnapshotTaken up to there, 0 = none or unknown.
  void StartAt(uint64_t sequence, std::string hash, uint64_t snapshot_event);

  /// Hands every event since the last call to `visit`, in order. DATA_LOSS names the event at which
  /// the chain breaks; FAILED_PRECONDITION names the newer build that wrote it.
  Status Read(const Context& ctx, EventLog& log, const std::function<Status(const Event&)>& visit);

  /// The same for one block, wherever it was found.
  Status Follow(std::string_view frame, const std::function<Status(const Event&)>& visit);

  /// Steps over a block of `events` that the caller has just appended.
  void Advance(const StoredBlock& block, const std::vector<Event>& events);

  uint32_t shard() const { return shard_; }
  uint64_t sequence() const { return sequence_; }
  const std::string& hash() const { return hash_; }
  uint64_t snapshot_event() const { return snapshot_event_; }

 private:
  uint32_t shard_;
  uint64_t sequence_ = 0;
  std::string hash_;
  uint64_t snapshot_event_ = 0;
};

/// How a state was restored.
struct RestoreReport {
  uint64_t snapshot_sequence = 0;    // 0 = folded from the first event
  std::vector<std::string> refused;  // why newer snapshots were passed over
};

/// One shard of an EventLog with its hash chain. Not thread-safe: the shard's thread owns it.
class Ledger {
 public:
  using OpenLog = std::function<StatusOr<std::unique_ptr<EventLog>>()>;

  /// `snapshots`: where snapshots of the state are, nullptr = nowhere. Outlives the ledger.
  Ledger(OpenLog open, uint32_t shard, std::string build_id, ObjectStore* snapshots = nullptr)
      : open_(std::move(open)),
        shard_(shard),
        build_id_(std::move(build_id)),
        snapshots_(snapshots),
        end_(shard) {}

  /// Opens the log and makes `state` the fold of it, from the newest good snapshot if there is one.
  /// Call again after Append failed with UNAVAILABLE: the state folded so far is void then. The
  /// errors of Replay.
  StatusOr<RestoreReport> Restore(const Context& ctx, ShardState& state);

  /// Opens the log and hands every event to `visit` in order. Call again after Append failed with
  /// UNAVAILABLE: the state folded so far is void then. DATA_LOSS names the event at which the
  /// chain breaks; FAILED_PRECONDITION names the newer build.
  Status Replay(const Context& ctx, const std::function<Status(const Event&)>& visit);

  /// Makes `events` durable as one block, atomically. The same errors as EventLog::Append; a lost
  /// race with another owner is ABORTED. On any error nothing of the state they were folded into is
  /// true: Replay.
  Status Append(const Context& ctx, uint32_t incarnation, const std::vector<Event>& events);

  /// Deletes up to `blocks_max` blocks in front of the event `before`; how many. After the event
  /// that says so was appended. The errors of EventLog::Truncate.
  StatusOr<size_t> Truncate(const Context& ctx, uint64_t before, size_t blocks_max);

  /// Of the last block.
  const std::string& hash() const { return end_.hash(); }

  void Close() { log_.reset(); }

 private:
  const OpenLog open_;
  const uint32_t shard_;
  const std::string build_id_;
  ObjectStore* const snapshots_;
  std::unique_ptr<EventLog> log_;
  ChainReader end_;
  std::string batch_;  // grown once
};

}  // namespace coditect
