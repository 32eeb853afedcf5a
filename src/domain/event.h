// The events of the ledger: facts and decisions in one closed set.
#pragma once

#include <cstdint>
#include <string_view>
#include <variant>

#include "src/domain/decision.h"
#include "src/domain/fact.h"
#include "src/domain/ids.h"

namespace coditect {

using EventBody =
    std::variant<ShardOpened, HostJoined, HostLeft, MissionRequested, ClientAttached,
                 ClientDetached, StopRequested, ResumeRequested, TimerFired, TaskPlanned,
                 ProposalSubmitted, LeaseStarted, ResultReported, ApprovalAnswered,
                 PlanRunRequested, LeaseSpent, MergeTested, MissionAccepted, MissionRefused,
                 MissionInterrupted, MissionResumed, MissionStopped, MissionCompleted, PlanAccepted,
                 ProposalRefused, TeamAssigned, LeaseGranted, LeaseEnded, BudgetSettled,
                 ResultAccepted, ResultRefused, ResultLate, TaskDone, TaskFailed, TaskCancelled,
                 TaskRetried, TaskQuarantined, ViolationFound, MergeDecided, ApprovalRequested,
                 ApprovalSettled, DeliveryDropped, SnapshotTaken, LogTruncated, MissionForgotten,
                 BatchDecided, ClaimDropped, MergeAllowed>;

/// One event. `sequence` and `wall_ms` are not on the wire: the block gives them.
struct Event {
  MissionId mission_id;  // "" for events of the shard itself
  EventBody body;
  uint64_t sequence = 0;
  int64_t wall_ms = 0;
};

/// "task_planned", …
inline std::string_view EventName(const EventBody& body) {
  return std::visit([](const auto& b) { return b.kName; }, body);
}
inline bool IsFact(const EventBody& body) {
  return std::visit([](const auto& b) { return b.kFact; }, body);
}

}  // namespace coditect
