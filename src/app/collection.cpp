// `coditect gc` as a whole.
#include "src/app/collection.h"

#include <sys/stat.h>

#include <algorithm>

#include "src/app/bootstrap.h"
#include "src/app/owner_lock.h"
#include "src/base/file.h"
#include "src/base/random.h"

namespace coditect {
namespace {

/// Says by its time when a collection last came to its end.
std::string MarkerPath(const StatePaths& paths) { return JoinPath(paths.state, "gc.last"); }

/// 0: never.
int64_t LastCollectionMs(const StatePaths& paths) {
  struct stat info{};
  if (::stat(MarkerPath(paths).c_str(), &info) != 0) return 0;
  return int64_t{info.st_mtim.tv_sec} * 1000 + info.st_mtim.tv_nsec / 1'000'000;
}

uint64_t FileBytes(const std::string& path) {
  struct stat info{};
  return ::stat(path.c_str(), &info) == 0 ? static_cast<uint64_t>(info.st_size) : 0;
}

}  // namespace

uint64_t LedgerBytes(const StatePaths& paths) {
  return FileBytes(paths.ledger) + FileBytes(paths.ledger + "-wal");
}

StatusOr<RetentionReport> Collect(const Context& ctx, const StatePaths& paths,
                                  const OwnerOptions& owner, const Clock& clock,
                                  int64_t older_than_ms) {
  auto alone = TakeOwnerLock(JoinPath(paths.state, "gc.lock"));
  if (absl::IsUnavailable(alone.status())) {
    return FailedPrecondition("another gc is at work; wait for its end");
  }
  RETURN_IF_ERROR(alone.status());
  const uint64_t bytes_before = LedgerBytes(paths);
  auto attached = AttachOrOwn(ctx, paths, owner, RandomHex(8), clock);
  if (!attached.ok()) return ExplainLedgerError(attached.status(), paths);
  auto report = CollectGarbage(
      ctx, paths, attached->get(),
      {.now_ms = clock.WallMs(), .older_than_ms = older_than_ms, .dry_run = false, .owned = true});
  attached->reset();  // an owner that is this process has written everything when it is gone
  if (!report.ok()) {
    return Annotate(ExplainLedgerError(report.status(), paths),
                    "not all was done, and the next `coditect gc` goes on");
  }
  report->ledger_bytes_before = bytes_before;
  report->ledger_bytes = LedgerBytes(paths);
  RETURN_IF_ERROR(WriteFile(MarkerPath(paths), ""));
  return report;
}

void CollectIfDue(const StatePaths& paths, const OwnerOptions& owner, const Clock& clock,
                  const MissionId& run, const std::string& trace_id) {
  const int64_t last = LastCollectionMs(paths);
  if (last == 0) {  // nothing here is old yet
    WriteFile(MarkerPath(paths), "").IgnoreError();
    return;
  }
  if (clock.WallMs() - last < kCollectEveryMs) return;
  const Context ctx = Context().WithTimeout(kUnaskedCollectionMax);
  const MonotonicTime begin = clock.Now();
  const auto report = Collect(ctx, paths, owner, clock, owner.retention_ms);
  if (absl::IsFailedPrecondition(report.status())) return;  // somebody else collects
  BusEvent event{.topic = std::string(report.ok() ? kTopicDecision : kTopicError),
                 .event_type = "GARBAGE_COLLECTED",
                 .mission_id = run,
                 .trace_id = trace_id};
  event.duration_ms = static_cast<uint64_t>(
      std::chrono::duration_cast<std::chrono::milliseconds>(clock.Now() - begin).count());
  if (report.ok()) {
    event.details = {{"forgotten", Join(report->forgotten, " ")},
                     {"refs_dropped", std::to_string(report->refs_dropped)},
                     {"events_moved", std::to_string(report->events_moved)},
                     {"blobs_deleted", std::to_string(report->blobs_deleted)},
                     {"bytes_freed", std::to_string(report->bytes_freed)},
                     {"ledger_bytes_before", std::to_string(report->ledger_bytes_before)},
                     {"ledger_bytes", std::to_string(report->ledger_bytes)}};
  } else {
    event.details = {{"stopped", Message(report.status())}};
  }
  const auto bus = OpenTelemetry(paths, RandomHex(16), /*read_only=*/false, clock);
  if (!bus.ok()) return;
  (*bus)->Publish(std::move(event));
  (*bus)->Flush(Context().WithTimeout(kUnaskedCollectionMax)).IgnoreError();
}

}  // namespace coditect
