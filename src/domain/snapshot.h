// The state of a shard as values that can be stored, and where the log's older part is kept.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "src/domain/ids.h"
#include "src/domain/mission.h"
#include "src/domain/state.h"

namespace coditect {

/// What the fold makes of events. Another number whenever the same events give another state: a
/// snapshot of another number is passed over while the log still has all it was made of.
inline constexpr uint32_t kStateFormat = 2;

struct HostSnapshot {
  HostId host_id;
  uint32_t slots = 0;
  std::vector<Role> roles;

  bool operator==(const HostSnapshot&) const = default;
  template <class Self, class Visitor>
  static void Fields(Self& self, Visitor&& visit) {
    visit(1, "host_id", self.host_id);
    visit(2, "slots", self.slots);
    visit(3, "roles", self.roles);
  }
};

/// Missions that were accepted near to each other.
struct MissionChunk {
  std::vector<MissionState> missions;

  bool operator==(const MissionChunk&) const = default;
  template <class Self, class Visitor>
  static void Fields(Self& self, Visitor&& visit) {
    visit(1, "missions", self.missions);
  }
};

/// A shard's state after event `sequence`; its missions are blobs of their own, so that what did
/// not change since the last snapshot is not stored again.
struct StateSnapshot {
  uint32_t state_format = 0;
  uint32_t shard = 0;
  uint64_t sequence = 0;
  std::string chain_hash;  // of the block that ends at `sequence`, hexadecimal
  int64_t wall_ms = 0;
  uint32_t incarnation = 0;
  std::vector<HostSnapshot> hosts;
  std::vector<MissionRequest> requested;
  std::vector<ForgottenMission> forgotten;
  std::vector<SnapshotTaken> snapshots;
  LogTruncated truncated;
  std::vector<BlobId> chunks;  // of MissionChunk, in the order of acceptance
  uint64_t mission_count = 0;

  bool operator==(const StateSnapshot&) const = default;
  template <class Self, class Visitor>
  static void Fields(Self& self, Visitor&& visit) {
    visit(1, "state_format", self.state_format);
    visit(2, "shard", self.shard);
    visit(3, "sequence", self.sequence);
    visit(4, "chain_hash", self.chain_hash);
    visit(5, "wall_ms", self.wall_ms);
    visit(6, "incarnation", self.incarnation);
    visit(7, "hosts", self.hosts);
    visit(8, "requested", self.requested);
    visit(9, "forgotten", self.forgotten);
    visit(10, "snapshots", self.snapshots);
    visit(11, "truncated", self.truncated);
    visit(12, "chunks", self.chunks);
    visit(13, "mission_count", self.mission_count);
  }
};

/// All of the state but its missions and indexes.
StateSnapshot SummaryOf(const ShardState& state);

/// The state of a summary and its missions, with the indexes made anew. Equal to the one they were
/// taken from.
ShardState StateOf(StateSnapshot summary, std::vector<MissionState> missions);

/// Some blocks of the log as they were in it, one after the other with their lengths, in one blob.
struct ArchiveSegment {
  uint64_t first_sequence = 0;
  uint64_t last_sequence = 0;
  int64_t wall_ms = 0;  // of its last block
  BlobId blob;
  uint64_t frame_bytes = 0;

  bool operator==(const ArchiveSegment&) const = default;
  template <class Self, class Visitor>
  static void Fields(Self& self, Visitor&& visit) {
    visit(1, "first_sequence", self.first_sequence);
    visit(2, "last_sequence", self.last_sequence);
    visit(3, "wall_ms", self.wall_ms);
    visit(4, "blob", self.blob);
    visit(5, "frame_bytes", self.frame_bytes);
  }
};

/// The part of the log that was moved into the ObjectStore and is still within its retention.
struct ArchiveIndex {
  std::vector<ArchiveSegment> segments;  // without a gap, oldest first; the log follows them
  std::string chain_hash;                // of the block in front of the first one; "" = none is

  bool operator==(const ArchiveIndex&) const = default;
  template <class Self, class Visitor>
  static void Fields(Self& self, Visitor&& visit) {
    visit(1, "segments", self.segments);
    visit(2, "chain_hash", self.chain_hash);
  }
};

/// The blocks of one segment.
struct ArchivedBlocks {
  std::vector<std::string> frames;

  bool operator==(const ArchivedBlocks&) const = default;
  template <class Self, class Visitor>
  static void Fields(Self& self, Visitor&& visit) {
    visit(1, "frames", self.frames);
  }
};

}  // namespace coditect
