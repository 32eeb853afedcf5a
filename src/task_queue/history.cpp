// The log's older part in the ObjectStore.
#include "src/task_queue/history.h"

#include <algorithm>
#include <utility>

#include "src/base/strings.h"
#include "src/wire/codec.h"
#include "src/wire/event_codec.h"

namespace coditect {
namespace {

constexpr size_t kSegmentBytes = 8 << 20;
constexpr size_t kBlocksPerArchiveRead = 256;

/// Packs blocks into segments.
class Archiver {
 public:
  Archiver(const Context& ctx, ObjectStore& store, ArchiveIndex& index)
      : ctx_(ctx), store_(store), index_(index) {}

  Status Add(const StoredBlock& block, const wire::BlockHeader& header) {
    if (blocks_.frames.empty()) segment_.first_sequence = block.first_sequence;
    segment_.last_sequence = block.last_sequence;
    segment_.wall_ms = header.wall_ms;
    segment_.frame_bytes += block.frame.size();
    blocks_.frames.push_back(block.frame);
    return segment_.frame_bytes >= kSegmentBytes ? Flush() : absl::OkStatus();
  }

  Status Flush() {
    if (blocks_.frames.empty()) return absl::OkStatus();
    RETURN_IF_ERROR(ctx_.Check());
    ASSIGN_OR_RETURN(segment_.blob, store_.Put(ctx_, wire::Encode(blocks_)));
    index_.segments.push_back(std::exchange(segment_, {}));
    blocks_.frames.clear();
    return absl::OkStatus();
  }

 private:
  const Context& ctx_;
  ObjectStore& store_;
  ArchiveIndex& index_;
  ArchiveSegment segment_;
  ArchivedBlocks blocks_;
};

/// Drops what is over at the front of the index; its hash is then that of the last block dropped.
Status DropOldSegments(const Context& ctx, ObjectStore& store, const ArchivePlan& plan,
                       ArchiveIndex& index) {
  size_t over = 0;
  while (over < index.segments.size() && index.segments[over].wall_ms < plan.keep_wall_ms &&
         index.segments[over].last_sequence < plan.keep_sequence) {
    ++over;
  }
  if (over == 0) return absl::OkStatus();
  ASSIGN_OR_RETURN(const std::string bytes, store.Get(ctx, index.segments[over - 1].blob));
  ASSIGN_OR_RETURN(const auto blocks, wire::Decode<ArchivedBlocks>(bytes, "archive segment"));
  if (blocks.frames.empty()) return DataLoss("an archive segment is empty");
  index.chain_hash = HexEncode(wire::FrameHash(blocks.frames.back()));
  index.segments.erase(index.segments.begin(),
                       index.segments.begin() + static_cast<std::ptrdiff_t>(over));
  return absl::OkStatus();
}

}  // namespace

StatusOr<ArchiveIndex> LoadArchive(const Context& ctx, ObjectStore& store,
                                   const LogTruncated& truncated) {
  if (truncated.archive.empty()) return ArchiveIndex();
  ASSIGN_OR_RETURN(const std::string bytes, store.Get(ctx, truncated.archive));
  auto index = wire::Decode<ArchiveIndex>(bytes, "archive index");
  if (!index.ok()) return DataLoss(Message(index.status()));
  return index;
}

StatusOr<LogTruncated> ArchiveLog(const Context& ctx, EventLog& log, uint32_t shard,
                                  ObjectStore& store, const LogTruncated& before,
                                  const ArchivePlan& plan) {
  ASSIGN_OR_RETURN(ArchiveIndex index, LoadArchive(ctx, store, before));
  if (before.archive.empty()) index.chain_hash = before.chain_hash;
  RETURN_IF_ERROR(DropOldSegments(ctx, store, plan, index));
  LogTruncated truncated{.before = plan.before, .chain_hash = before.chain_hash};
  Archiver archiver(ctx, store, index);
  // Blocks of a truncation that a crash cut short may still be there: they are archived.
  uint64_t after = before.before > 0 ? before.before - 1 : 0;
  while (after + 1 < plan.before) {
    ASSIGN_OR_RETURN(const auto blocks, log.Read(ctx, shard, after, kBlocksPerArchiveRead));
    for (const StoredBlock& block : blocks) {
      if (block.first_sequence >= plan.before) break;
      ASSIGN_OR_RETURN(const auto header, wire::DecodeBlockHeader(block.frame));
      if (block.first_sequence != after + 1 || block.last_sequence >= plan.before) {
        return DataLoss("the log has a gap after event ", after);
      }
      after = block.last_sequence;
      truncated.chain_hash = HexEncode(wire::FrameHash(block.frame));
      const bool over = index.segments.empty() && header.wall_ms < plan.keep_wall_ms &&
                        header.last_sequence < plan.keep_sequence;
      if (over) {  // and so was everything before it: time does not go back in the log
        index.chain_hash = truncated.chain_hash;
      } else {
        RETURN_IF_ERROR(archiver.Add(block, header));
      }
    }
    if (blocks.empty()) return DataLoss("the log ends at event ", after);
  }
  RETURN_IF_ERROR(archiver.Flush());
  truncated.kept_from =
      index.segments.empty() ? plan.before : index.segments.front().first_sequence;
  if (!index.segments.empty()) {
    ASSIGN_OR_RETURN(truncated.archive, store.Put(ctx, wire::Encode(index)));
  }
  return truncated;
}

Status ReadArchive(const Context& ctx, ObjectStore& store, const LogTruncated& truncated,
                   ChainReader& reader, const std::function<Status(const Event&)>& visit) {
  std::string hash;
  if (!truncated.archive.empty()) {
    ASSIGN_OR_RETURN(const ArchiveIndex index, LoadArchive(ctx, store, truncated));
    if (!HexDecode(index.chain_hash, &hash)) return DataLoss("malformed hash in the archive");
    reader.StartAt(truncated.kept_from - 1, hash, 0);
    for (const ArchiveSegment& segment : index.segments) {
      RETURN_IF_ERROR(ctx.Check());
      ASSIGN_OR_RETURN(const std::string bytes, store.Get(ctx, segment.blob));
      const auto blocks = wire::Decode<ArchivedBlocks>(bytes, "archive segment");
      if (!blocks.ok()) return DataLoss(Message(blocks.status()));
      for (const std::string& frame : blocks->frames) RETURN_IF_ERROR(reader.Follow(frame, visit));
    }
    if (reader.sequence() + 1 != truncated.before ||
        HexEncode(reader.hash()) != truncated.chain_hash) {
      return DataLoss("the archive ends at event ", reader.sequence(),
                      " and the log begins at event ", truncated.before);
    }
    return absl::OkStatus();
  }
  if (!HexDecode(truncated.chain_hash, &hash)) return DataLoss("malformed hash of the truncation");
  reader.StartAt(truncated.before > 0 ? truncated.before - 1 : 0, hash, 0);
  return absl::OkStatus();
}

Status ReadHistory(const Context& ctx, EventLog& log, uint32_t shard, ObjectStore& store,
                   const LogTruncated& truncated,
                   const std::function<Status(const Event&)>& visit) {
  ChainReader reader(shard);
  RETURN_IF_ERROR(ReadArchive(ctx, store, truncated, reader, visit));
  return reader.Read(ctx, log, visit);
}

}  // namespace coditect
