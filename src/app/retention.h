// What is kept of old runs, and for how long: `coditect gc`.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "src/app/mission_service.h"
#include "src/app/paths.h"
#include "src/domain/retention.h"

namespace coditect {

/// A blob that nothing names is left alone for so long after somebody put it: whoever puts a blob
/// names it in the ledger within seconds, and a run that is at work holds back all that is younger
/// than itself.
inline constexpr int64_t kBlobGraceMs = int64_t{3600} * 1000;

struct RetentionOptions {
  int64_t now_ms = 0;         // wall clock
  int64_t older_than_ms = 0;  // since a run's end
  bool dry_run = false;
  bool owned = false;  // a living process owns the ledger: who follows a run may be alive
};

/// What a sweep did, or would do.
struct RetentionReport {
  std::vector<MissionId> forgotten;
  uint64_t runs_kept = 0;
  uint64_t refs_dropped = 0;
  std::vector<RunRef> undelivered;       // dropped refs with work that no delivered branch has
  std::vector<std::string> unreachable;  // why the refs of a repository are still there
  uint64_t telemetry_blocks = 0;
  uint64_t events_moved = 0;    // out of the log
  uint64_t events_dropped = 0;  // out of log and archive
  uint64_t blobs_deleted = 0;
  uint64_t bytes_freed = 0;  // of blobs
  uint64_t ledger_bytes_before = 0;
  uint64_t ledger_bytes = 0;  // on the disk, afterwards

  template <class Self, class Visitor>
  static void Fields(Self& self, Visitor&& visit) {
    visit(1, "forgotten", self.forgotten);
    visit(2, "runs_kept", self.runs_kept);
    visit(3, "refs_dropped", self.refs_dropped);
    visit(4, "undelivered", self.undelivered);
    visit(5, "unreachable", self.unreachable);
    visit(6, "telemetry_blocks", self.telemetry_blocks);
    visit(7, "events_moved", self.events_moved);
    visit(8, "events_dropped", self.events_dropped);
    visit(9, "blobs_deleted", self.blobs_deleted);
    visit(10, "bytes_freed", self.bytes_freed);
    visit(11, "ledger_bytes_before", self.ledger_bytes_before);
    visit(12, "ledger_bytes", self.ledger_bytes);
  }
};

/// Forgets the runs that ended `older_than_ms` ago or earlier, by an event each; then drops what
/// they left: refs below refs/coditect/ (never a branch), telemetry, the log's older part and its
/// archive, snapshots, blobs. Every step may be cut short; the next sweep finds the rest.
/// `service`: the task queue; nullptr for a dry run, which writes nothing.
StatusOr<RetentionReport> CollectGarbage(const Context& ctx, const StatePaths& paths,
                                         MissionService* service, const RetentionOptions& options);

}  // namespace coditect
