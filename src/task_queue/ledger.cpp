// The shard's journal.
#include "src/task_queue/ledger.h"

#include <utility>

#include "src/base/crash_point.h"
#include "src/base/random.h"
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
      ASSIGN_OR_RETURN(const auto block, wire::DecodeBlock(stored.frame));
      if (block.header.first_sequence != sequence_ + 1 ||
          block.header.last_sequence != stored.last_sequence) {
        return DataLoss("the ledger has a gap after event ", sequence_);
      }
      if (block.header.previous_hash != hash_) {
        return DataLoss("the ledger's chain breaks at event ", sequence_ + 1);
      }
      for (const Event& event : block.events) RETURN_IF_ERROR(visit(event));
      sequence_ = block.header.last_sequence;
      hash_ = block.hash;
    }
    if (blocks.size() < kBlocksPerRead) return absl::OkStatus();
  }
}

void ChainReader::Advance(const StoredBlock& block) {
  sequence_ = block.last_sequence;
  hash_ = wire::FrameHash(block.frame);
}

Status Ledger::Replay(const Context& ctx, const std::function<Status(const Event&)>& visit) {
  log_.reset();
  ASSIGN_OR_RETURN(log_, open_());
  end_ = ChainReader(shard_);
  return end_.Read(ctx, *log_, visit);
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
  end_.Advance(block);
  return absl::OkStatus();
}

}  // namespace coditect
