// Snapshots of a shard's state.
#include "src/task_queue/snapshot.h"

#include <algorithm>
#include <atomic>
#include <thread>
#include <utility>

#include "src/base/strings.h"
#include "src/task_queue/history.h"
#include "src/wire/codec.h"
#include "src/wire/event_codec.h"

namespace coditect {
namespace {

constexpr unsigned kLoadersMax = 4;  // threads that read and decode chunks
constexpr int kCandidatesMax = 4;    // snapshots that are tried, newest first

/// A snapshot that the log tells of.
struct Candidate {
  SnapshotTaken taken;
  uint64_t event_sequence = 0;
};

/// The block that holds event `sequence`; nullopt when the log has none.
StatusOr<std::optional<StoredBlock>> BlockOf(const Context& ctx, EventLog& log, uint32_t shard,
                                             uint64_t sequence) {
  ASSIGN_OR_RETURN(auto blocks, log.Read(ctx, shard, sequence - 1, 1));
  if (blocks.empty() || blocks.front().first_sequence > sequence) return std::nullopt;
  return std::move(blocks.front());
}

/// What the end of the log leads to, newest first.
StatusOr<std::vector<Candidate>> FindCandidates(const Context& ctx, EventLog& log, uint32_t shard) {
  std::vector<Candidate> found;
  ASSIGN_OR_RETURN(const uint64_t last, log.LastSequence(ctx, shard));
  if (last == 0) return found;
  ASSIGN_OR_RETURN(const auto end, BlockOf(ctx, log, shard, last));
  if (!end.has_value()) return found;
  ASSIGN_OR_RETURN(const auto end_block, wire::DecodeBlock(end->frame));
  uint64_t at = end_block.header.snapshot_sequence;
  for (const Event& event : end_block.events) {
    if (std::holds_alternative<SnapshotTaken>(event.body)) at = event.sequence;
  }
  while (at != 0 && found.size() < kCandidatesMax) {
    ASSIGN_OR_RETURN(const auto stored, BlockOf(ctx, log, shard, at));
    if (!stored.has_value()) break;  // truncated
    ASSIGN_OR_RETURN(const auto block, wire::DecodeBlock(stored->frame));
    for (const Event& event : block.events) {
      const auto* taken = std::get_if<SnapshotTaken>(&event.body);
      if (taken != nullptr && event.sequence == at) found.push_back({*taken, at});
    }
    if (block.header.snapshot_sequence >= at) {
      return DataLoss("the block at event ", at, " names a later snapshot");
    }
    at = block.header.snapshot_sequence;
  }
  return found;
}

/// The snapshot's place is a place of this log: the block behind it says so.
Status CheckPlace(const Context& ctx, EventLog& log, uint32_t shard, const SnapshotTaken& taken) {
  ASSIGN_OR_RETURN(const auto blocks, log.Read(ctx, shard, taken.sequence, 1));
  if (blocks.empty()) return DataLoss("nothing follows it in the log");
  ASSIGN_OR_RETURN(const auto header, wire::DecodeBlockHeader(blocks.front().frame));
  if (header.first_sequence != taken.sequence + 1 ||
      HexEncode(header.previous_hash) != taken.chain_hash) {
    return DataLoss("the log does not go on where it ends");
  }
  return absl::OkStatus();
}

StatusOr<std::vector<MissionState>> LoadChunks(const Context& ctx, ObjectStore& store,
                                               const std::vector<BlobId>& chunks) {
  std::vector<StatusOr<MissionChunk>> loaded(chunks.size(), MissionChunk());
  std::atomic<size_t> next = 0;
  const auto work = [&] {
    for (size_t i = next++; i < chunks.size(); i = next++) {
      loaded[i] = [&]() -> StatusOr<MissionChunk> {
        RETURN_IF_ERROR(ctx.Check());
        ASSIGN_OR_RETURN(const std::string bytes, store.Get(ctx, chunks[i]));
        auto chunk = wire::Decode<MissionChunk>(bytes, "missions of a snapshot");
        if (!chunk.ok()) return DataLoss(Message(chunk.status()));
        return chunk;
      }();
    }
  };
  std::vector<std::thread> helpers;
  const size_t threads = std::min<size_t>(
      {chunks.size(), kLoadersMax, std::max(1U, std::thread::hardware_concurrency())});
  for (size_t i = 1; i < threads; ++i) helpers.emplace_back(work);
  work();
  for (std::thread& helper : helpers) helper.join();
  std::vector<MissionState> missions;
  for (auto& chunk : loaded) {
    RETURN_IF_ERROR(chunk.status());
    std::move(chunk->missions.begin(), chunk->missions.end(), std::back_inserter(missions));
  }
  return missions;
}

/// Nothing in the log leads to a state but its archived beginning.
Status RestoreFromArchive(const Context& ctx, EventLog& log, ObjectStore* store,
                          ChainReader& reader, ShardState& state, const RestoreReport& report) {
  const uint32_t shard = reader.shard();
  LogTruncated truncated;
  ASSIGN_OR_RETURN(const auto first, log.Read(ctx, shard, 0, 1));
  ASSIGN_OR_RETURN(const auto header, wire::DecodeBlockHeader(first.front().frame));
  ChainReader rest(shard);
  rest.StartAt(header.first_sequence - 1, header.previous_hash, 0);
  RETURN_IF_ERROR(rest.Read(ctx, log, [&](const Event& event) {
    const auto* said = std::get_if<LogTruncated>(&event.body);
    if (said != nullptr && said->before >= truncated.before) truncated = *said;
    return absl::OkStatus();
  }));
  const std::string why = report.refused.empty() ? "none is told of" : report.refused.front();
  if (store == nullptr || truncated.kept_from != 1) {
    return DataLoss("the log begins at event ", header.first_sequence,
                    " and no snapshot of the state before it is whole (", why, ")");
  }
  return ReadArchive(ctx, *store, truncated, reader,
                     [&](const Event& event) { return Fold(state, event); });
}

}  // namespace

StatusOr<SnapshotTaken> StoreSnapshot(const Context& ctx, ObjectStore& store, uint32_t shard,
                                      const ShardState& state, const std::string& chain_hash) {
  std::vector<const MissionState*> order;
  order.reserve(state.missions.size());
  for (const auto& [id, mission] : state.missions) order.push_back(&mission);
  std::sort(order.begin(), order.end(), [](const MissionState* a, const MissionState* b) {
    return a->accepted_sequence < b->accepted_sequence;
  });
  StateSnapshot summary = SummaryOf(state);
  summary.shard = shard;
  summary.chain_hash = HexEncode(chain_hash);
  std::string bytes;
  for (size_t i = 0; i < order.size();) {
    RETURN_IF_ERROR(ctx.Check());
    const uint64_t chunk = order[i]->accepted_sequence / kChunkEvents;
    bytes.clear();
    wire::Encoder encoder(bytes);
    for (; i < order.size() && order[i]->accepted_sequence / kChunkEvents == chunk; ++i) {
      encoder.Element(1, *order[i]);
    }
    ASSIGN_OR_RETURN(BlobId id, store.Put(ctx, bytes));
    summary.chunks.push_back(std::move(id));
  }
  ASSIGN_OR_RETURN(BlobId id, store.Put(ctx, wire::Encode(summary)));
  return SnapshotTaken{.sequence = state.sequence,
                       .snapshot = std::move(id),
                       .chain_hash = summary.chain_hash,
                       .state_format = kStateFormat};
}

StatusOr<ShardState> LoadSnapshot(const Context& ctx, ObjectStore& store, uint32_t shard,
                                  const SnapshotTaken& taken) {
  if (taken.state_format > kStateFormat) {
    return FailedPrecondition("a newer coditect took it (format ", taken.state_format, ")");
  }
  ASSIGN_OR_RETURN(const std::string bytes, store.Get(ctx, taken.snapshot));
  auto summary = wire::Decode<StateSnapshot>(bytes, "snapshot");
  if (!summary.ok()) return DataLoss(Message(summary.status()));
  if (summary->shard != shard || summary->sequence != taken.sequence ||
      summary->chain_hash != taken.chain_hash || summary->state_format != taken.state_format) {
    return DataLoss("it is of another place of the log");
  }
  ASSIGN_OR_RETURN(auto missions, LoadChunks(ctx, store, summary->chunks));
  if (missions.size() != summary->mission_count) return DataLoss("runs are missing in it");
  return StateOf(*std::move(summary), std::move(missions));
}

StatusOr<RestoreReport> RestoreState(const Context& ctx, EventLog& log, ObjectStore* snapshots,
                                     ChainReader& reader, ShardState& state) {
  RestoreReport report;
  state = ShardState();
  const uint32_t shard = reader.shard();
  ASSIGN_OR_RETURN(const auto first, log.Read(ctx, shard, 0, 1));
  if (first.empty()) return report;
  const bool whole = first.front().first_sequence == 1;
  if (snapshots != nullptr) {
    ASSIGN_OR_RETURN(const auto candidates, FindCandidates(ctx, log, shard));
    for (const Candidate& candidate : candidates) {
      // Another fold gives another state of the same events: made anew while they are there.
      Status status = whole && candidate.taken.state_format != kStateFormat
                          ? FailedPrecondition("another build's fold made it")
                          : CheckPlace(ctx, log, shard, candidate.taken);
      if (status.ok()) {
        auto loaded = LoadSnapshot(ctx, *snapshots, shard, candidate.taken);
        status = loaded.status();
        if (status.ok()) state = *std::move(loaded);
      }
      RETURN_IF_ERROR(ctx.Check());
      if (status.ok()) {
        std::string hash;
        if (!HexDecode(candidate.taken.chain_hash, &hash)) return DataLoss("malformed chain hash");
        reader.StartAt(candidate.taken.sequence, std::move(hash), candidate.event_sequence);
        report.snapshot_sequence = candidate.taken.sequence;
        return report;
      }
      report.refused.push_back(
          StrCat("the snapshot at event ", candidate.taken.sequence, ": ", Message(status)));
    }
  }
  if (!whole) {
    RETURN_IF_ERROR(RestoreFromArchive(ctx, log, snapshots, reader, state, report));
  }
  return report;
}

StatusOr<SnapshotTaken> TakeSnapshot(const Context& ctx, EventLog& log, uint32_t shard,
                                     ObjectStore& store) {
  ChainReader reader(shard);
  ShardState state;
  RETURN_IF_ERROR(RestoreState(ctx, log, &store, reader, state).status());
  const uint64_t newest = state.snapshots.empty() ? 0 : state.snapshots.back().sequence;
  bool news = false;
  RETURN_IF_ERROR(reader.Read(ctx, log, [&](const Event& event) {
    news = news || (event.sequence > newest && !event.mission_id.empty());
    return Fold(state, event);
  }));
  if (!news && state.sequence - newest < kChunkEvents) {
    return Aborted("nothing happened since the last snapshot");
  }
  return StoreSnapshot(ctx, store, shard, state, reader.hash());
}

}  // namespace coditect
