// `coditect gc` as a whole, at a person's word or by itself once a day.
#pragma once

#include "src/app/retention.h"
#include "src/app/run_report.h"

namespace coditect {

/// Between the ends of two collections that nobody asked for.
inline constexpr int64_t kCollectEveryMs = int64_t{24} * 3600 * 1000;
/// The longest that one of them works; the next goes on where it ended.
inline constexpr std::chrono::milliseconds kUnaskedCollectionMax{2'000};

/// CollectGarbage by the ledger's owner, which is this process when there is none. Alone:
/// FAILED_PRECONDITION when another collection is at work.
StatusOr<RetentionReport> Collect(const Context& ctx, const StatePaths& paths,
                                  const OwnerOptions& owner, const Clock& clock,
                                  int64_t older_than_ms);

/// After `run`, whose result its reader has: collects if that is due, for a bounded time, and tells
/// of it in the run's log (GARBAGE_COLLECTED). Whatever goes wrong is told there too.
void CollectIfDue(const StatePaths& paths, const OwnerOptions& owner, const Clock& clock,
                  const MissionId& run, const std::string& trace_id);

/// Bytes that the ledger takes on the disk.
uint64_t LedgerBytes(const StatePaths& paths);

}  // namespace coditect
