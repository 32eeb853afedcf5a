// The shard's journal.
#include "src/task_queue/ledger.h"

#include <utility>

#include "src/base/crash_point.h"
#include "src/base/random.h"
#include "src/task_queue/snapshot.h"
#include "src/wire/event_codec.h"

namespace coditect {
namespace {

constexpr size_t kBlocksPerRead = 256;
constexpr int kAppendTriesMax = 3;

/// "task_done#3", "mission_accepted#0": the event's crash point without its occurrence.
std::string CrashPointName(const Event& event) {
  const uint32_t ordinal = std::visit(
      [](const auto& body) -> uint32_t {
        if constexpr (requires { body.task_id.ordinal; }) {
          return body.task_id.ordinal;
        } else if constexpr (requires { body.task.task_id.ordinal; }) {
          return body.task.task_id.ordinal;
        } else if constexpr (requires { body.result.task_id.ordinal; }) {
          return body.result.task_id.ordinal;
        } else {
          return 0;
        }
      },
      event.body);
  return StrCat(EventName(event.body), '#', ordinal);
}

CrashMoment CrashMomentOf(const std::vector<Event>& events) {
  CrashMoment moment = CrashMoment::kNone;
  if (!CrashPointsActive()) return moment;
  for (const Event& event : events) {
    const CrashMoment passed = PassCrashPoint(CrashPointName(event));
    if (passed != CrashMoment::kNone) moment = passed;
  }
  return moment;
}

}  // namespace

Status ChainReader::Read(const Context& ctx, EventLog& log,
                         const std::function<Status(const Event&)>& visit) {
  for (;;) {
    ASSIGN_OR_RETURN(const auto blocks, log.Read(ctx, shard_, sequence_, kBlocksPerRead));
    for (const StoredBlock& stored : blocks) {
      RETURN_IF_ERROR(Follow(stored.frame, visit));
      if (sequence_ != stored.last_sequence) {
        return DataLoss("the ledger has a gap after event ", sequence_);
      }
    }
    if (blocks.size() < kBlocksPerRead) return absl::OkStatus();
  }
}

Status ChainReader::Follow(std::string_view frame,
                           const std::function<Status(const Event&)>& visit) {
  ASSIGN_OR_RETURN(auto block, wire::DecodeBlock(frame));
  if (block.header.first_sequence != sequence_ + 1) {
    return DataLoss("the ledger has a gap after event ", sequence_);
  }
  if (block.header.previous_hash != hash_) {
    return DataLoss("the ledger's chain breaks at event ", sequence_ + 1);
  }
  for (const Event& event : block.events) {
    if (std::holds_alternative<SnapshotTaken>(event.body)) snapshot_event_ = event.sequence;
    RETURN_IF_ERROR(visit(event));
  }
  sequence_ = block.header.last_sequence;
  hash_ = std::move(block.hash);
  return absl::OkStatus();
}

void ChainReader::StartAt(uint64_t sequence, std::string hash, uint64_t snapshot_event) {
  sequence_ = sequence;
  hash_ = std::move(hash);
  snapshot_event_ = snapshot_event;
}

void ChainReader::Advance(const StoredBlock& block, const std::vector<Event>& events) {
  sequence_ = block.last_sequence;
  hash_ = wire::FrameHash(block.frame);
  for (const Event& event : events) {
    if (std::holds_alternative<SnapshotTaken>(event.body)) snapshot_event_ = event.sequence;
  }
}

Status Ledger::Replay(const Context& ctx, const std::function<Status(const Event&)>& visit) {
  log_.reset();
  ASSIGN_OR_RETURN(log_, open_());
  end_ = ChainReader(shard_);
  return end_.Read(ctx, *log_, visit);
}

StatusOr<RestoreReport> Ledger::Restore(const Context& ctx, ShardState& state) {
  log_.reset();
  ASSIGN_OR_RETURN(log_, open_());
  end_ = ChainReader(shard_);
  ASSIGN_OR_RETURN(RestoreReport report, RestoreState(ctx, *log_, snapshots_, end_, state));
  RETURN_IF_ERROR(end_.Read(ctx, *log_, [&](const Event& event) { return Fold(state, event); }));
  return report;
}

StatusOr<size_t> Ledger::Truncate(const Context& ctx, uint64_t before, size_t blocks_max) {
  return log_->Truncate(ctx, shard_, before, blocks_max);
}

Status Ledger::Append(const Context& ctx, uint32_t incarnation, const std::vector<Event>& events) {
  batch_.clear();
  for (const Event& event : events) wire::AppendEvent(batch_, event);
  wire::BlockHeader header;
  header.shard = shard_;
  header.incarnation = incarnation;
  header.first_sequence = events.front().sequence;
  header.last_sequence = events.back().sequence;
  header.block_id = RandomHex(8);
  header.previous_hash = end_.hash();
  header.build_id = build_id_;
  header.wall_ms = events.back().wall_ms;
  header.snapshot_sequence = end_.snapshot_event();
  const StoredBlock block{.first_sequence = header.first_sequence,
                          .last_sequence = header.last_sequence,
                          .block_id = header.block_id,
                          .frame = wire::EncodeBlock(header, batch_)};
  const CrashMoment crash = CrashMomentOf(events);
  if (crash == CrashMoment::kBefore) CrashNow();
  if (crash == CrashMoment::kTorn) RequestTornWrite();
  for (int tries = 1;; ++tries) {
    auto result = log_->Append(ctx, shard_, end_.sequence(), block);
    if (absl::IsUnavailable(result.status()) && tries < kAppendTriesMax) {
      // Neither stored nor lost is known: the same block again, on a fresh connection.
      log_.reset();
      ASSIGN_OR_RETURN(log_, open_());
      continue;
    }
    RETURN_IF_ERROR(result.status());
    if (*result == AppendResult::kLost) return Aborted("another owner wrote the ledger");
    break;
  }
  if (crash == CrashMoment::kAfter) CrashNow();
  end_.Advance(block, events);
  return absl::OkStatus();
}

}  // namespace coditect
