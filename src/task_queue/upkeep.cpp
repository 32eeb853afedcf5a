// What the task queue manager is told beside its loop: facts about the ledger itself and about
// what became of ended missions; and the ledger's older blocks.
#include "src/task_queue/task_queue.h"

namespace coditect {
namespace {

constexpr size_t kBlocksPerSweep = 512;  // deleted between two blocks that are written

/// Whether `state` took the fact for what it says.
bool TookEffect(const ShardState& state, const MissionId& mission_id, const EventBody& fact) {
  if (const auto* taken = std::get_if<SnapshotTaken>(&fact)) {
    return !state.snapshots.empty() && state.snapshots.back() == *taken;
  }
  if (const auto* truncated = std::get_if<LogTruncated>(&fact)) {
    return state.truncated == *truncated;
  }
  const auto* tested = std::get_if<MergeTested>(&fact);
  if (tested == nullptr) return state.forgotten.contains(mission_id);
  const MissionState* mission = state.Find(mission_id);
  return mission != nullptr && !mission->allowed_merges.empty() &&
         mission->allowed_merges.back().evidence == tested->evidence;
}

}  // namespace

Status TaskQueue::Record(const Context& ctx, const MissionId& mission_id, EventBody fact) {
  const bool of_mission =
      std::holds_alternative<MissionForgotten>(fact) || std::holds_alternative<MergeTested>(fact);
  const bool of_ledger =
      std::holds_alternative<SnapshotTaken>(fact) || std::holds_alternative<LogTruncated>(fact);
  if (of_mission == mission_id.empty() || !(of_mission || of_ledger)) {
    return InvalidArgument("the event ", EventName(fact), " is none about the ledger itself");
  }
  Message message;
  message.mission_id = mission_id;
  message.facts.push_back(fact);
  return PostAndWait(ctx, std::move(message),
                     [&](std::span<const Event>, const ShardState& state) -> Status {
                       if (TookEffect(state, mission_id, fact)) return absl::OkStatus();
                       return FailedPrecondition("the event ", EventName(fact), " has no effect");
                     });
}

// After the event: whatever a crash left of the older blocks goes at the next start.
bool TaskQueue::SweepLog() {
  if (state_.truncated.before <= swept_before_) return false;
  const auto deleted = ledger_.Truncate(Context().WithTimeout(kWriteTimeout),
                                        state_.truncated.before, kBlocksPerSweep);
  if (!deleted.ok()) {
    healthy_ = false;  // the log must be opened again before it takes the next block
    next_reopen_ = clock_.Now() + kReopenInterval;
    SetHealth(deleted.status());
    return false;
  }
  if (*deleted == 0) swept_before_ = state_.truncated.before;
  return *deleted > 0;
}

}  // namespace coditect
