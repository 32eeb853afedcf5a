// The shard's journal: encodes steps into blocks, chains them, and replays them.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "src/domain/event.h"
#include "src/ports/event_log.h"

namespace coditect {

/// Walks a shard's chain of blocks from its beginning, as far as it reaches, again and again as it
/// grows. Not thread-safe.
class ChainReader {
 public:
  explicit ChainReader(uint32_t shard) : shard_(shard) {}

  /// Hands every event since the last call to `visit`, in order. DATA_LOSS names the event at which
  /// the chain breaks; FAILED_PRECONDITION names the newer build that wrote it.
  Status Read(const Context& ctx, EventLog& log, const std::function<Status(const Event&)>& visit);

  /// Steps over a block that the caller has just appended.
  void Advance(const StoredBlock& block);

  uint64_t sequence() const { return sequence_; }
  const std::string& hash() const { return hash_; }

 private:
  uint32_t shard_;
  uint64_t sequence_ = 0;
  std::string hash_;
};

/// One shard of an EventLog with its hash chain. Not thread-safe: the shard's thread owns it.
class Ledger {
 public:
  using OpenLog = std::function<StatusOr<std::unique_ptr<EventLog>>()>;

  Ledger(OpenLog open, uint32_t shard, std::string build_id)
      : open_(std::move(open)), shard_(shard), build_id_(std::move(build_id)), end_(shard) {}

  /// Opens the log and hands every event to `visit` in order. Call again after Append failed with
  /// UNAVAILABLE: the state folded so far is void then. DATA_LOSS names the event at which the
  /// chain breaks; FAILED_PRECONDITION names the newer build.
  Status Replay(const Context& ctx, const std::function<Status(const Event&)>& visit);

  /// Makes `events` durable as one block, atomically. The same errors as EventLog::Append; a lost
  /// race with another owner is ABORTED. On any error nothing of the state they were folded into is
  /// true: Replay.
  Status Append(const Context& ctx, uint32_t incarnation, const std::vector<Event>& events);

  void Close() { log_.reset(); }

 private:
  const OpenLog open_;
  const uint32_t shard_;
  const std::string build_id_;
  std::unique_ptr<EventLog> log_;
  ChainReader end_;
  std::string batch_;  // grown once
};

}  // namespace coditect
