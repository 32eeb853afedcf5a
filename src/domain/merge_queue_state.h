// What the merge queue of a mission knows: which repairs are in the tip, which were dropped, and
// what became of every batch.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "src/domain/fields.h"
#include "src/domain/ids.h"

namespace coditect {

// A *claim* is named by the verify task that saw it pass alone.

/// A claim whose repair is in the tip, as the commit that put it there.
struct MergedClaim {
  TaskId task_id;
  CommitId commit;

  bool operator==(const MergedClaim&) const = default;
  template <class Self, class Visitor>
  static void Fields(Self& self, Visitor&& visit) {
    visit(1, "task_id", self.task_id);
    visit(2, "commit", self.commit);
  }
};

/// A claim that is left out, and why.
struct DroppedClaim {
  TaskId task_id;
  std::string reason;

  bool operator==(const DroppedClaim&) const = default;
  template <class Self, class Visitor>
  static void Fields(Self& self, Visitor&& visit) {
    visit(1, "task_id", self.task_id);
    visit(2, "reason", self.reason);
  }
};

enum class BatchVerdict {
  kOpen,    // its lease has not reported
  kPassed,  // of a probe, or waits for the decision to move the tip
  kMerged,
  kFailed,    // the merged tree does not build or pass
  kConflict,  // the texts do not merge
  kGivenUp,   // for a reason that is not the repairs'
};
constexpr auto EnumNames(BatchVerdict) {
  return std::array<std::string_view, 6>{"BATCH_OPEN",   "BATCH_PASSED",   "BATCH_MERGED",
                                         "BATCH_FAILED", "BATCH_CONFLICT", "BATCH_GIVEN_UP"};
}

/// Claims merged and tested together, on the tip. A probe stands on the base instead, is never
/// merged, and finds out with which earlier repair one does not get along.
struct MergeBatch {
  std::vector<TaskId> claims;
  bool probe = false;
  BatchVerdict verdict = BatchVerdict::kOpen;
  std::string reason;  // why it failed: the first error

  bool operator==(const MergeBatch&) const = default;
  template <class Self, class Visitor>
  static void Fields(Self& self, Visitor&& visit) {
    visit(1, "claims", self.claims);
    visit(2, "probe", self.probe);
    visit(3, "verdict", self.verdict);
    visit(4, "reason", self.reason);
  }
};

struct MergeQueueState {
  std::vector<MergedClaim> merged;    // in the order of the commits
  std::vector<DroppedClaim> dropped;  // their commits stay pinned
  std::vector<MergeBatch> batches;    // in the order decided; at most the last one is open
  std::vector<TaskId> failing;        // the fewest claims known to fail together on the tip
  std::string fault;                  // how they fail
  BlobId failed_tests;                // the tests that failed then, a line each; "" = unknown
  // When `failing` is one claim: it passes with the first `partner_low` of the merged claims and
  // fails with the first `partner_high`.
  uint32_t partner_low = 0;
  uint32_t partner_high = 0;
  // Claims whose texts conflict with others of their batch: they come when those are settled.
  std::vector<TaskId> held;
  std::vector<std::string> flaky;  // tests that failed in a merged tree and passed alone

  bool operator==(const MergeQueueState&) const = default;
  template <class Self, class Visitor>
  static void Fields(Self& self, Visitor&& visit) {
    visit(1, "merged", self.merged);
    visit(2, "dropped", self.dropped);
    visit(3, "batches", self.batches);
    visit(4, "failing", self.failing);
    visit(5, "fault", self.fault);
    visit(6, "failed_tests", self.failed_tests);
    visit(7, "partner_low", self.partner_low);
    visit(8, "partner_high", self.partner_high);
    visit(9, "flaky", self.flaky);
    visit(10, "held", self.held);
  }

  const MergedClaim* Merged(TaskId id) const {
    for (const MergedClaim& claim : merged) {
      if (claim.task_id == id) return &claim;
    }
    return nullptr;
  }
  const DroppedClaim* Dropped(TaskId id) const {
    for (const DroppedClaim& claim : dropped) {
      if (claim.task_id == id) return &claim;
    }
    return nullptr;
  }
  /// The batch that is being tested or waits for its decision; nullptr when there is none.
  const MergeBatch* OpenBatch() const {
    const bool open = !batches.empty() &&
                      (batches.back().verdict == BatchVerdict::kOpen ||
                       (batches.back().verdict == BatchVerdict::kPassed && !batches.back().probe));
    return open ? &batches.back() : nullptr;
  }
  MergeBatch* OpenBatch() {
    return const_cast<MergeBatch*>(static_cast<const MergeQueueState*>(this)->OpenBatch());
  }
};

}  // namespace coditect
