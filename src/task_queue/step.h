// The heart: what the task queue makes of each fact.
#pragma once

#include <vector>

#include "src/domain/event.h"
#include "src/domain/state.h"

namespace coditect {

/// Takes one fact (mission_id, body and wall_ms set), decides, and folds the fact and the decisions
/// into `state` in the order in which they are appended to `out` with their sequences. The same
/// state and fact always give the same events: no clock, no randomness, no I/O.
void Step(ShardState& state, Event fact, std::vector<Event>& out);

/// The fence at the end of the queue: why `proposal` does not hold in `mission`, "" when it does.
/// A merge needs evidence of the very tree from somebody other than its coder (I3, I7); a verified
/// verdict needs a delivered branch.
std::string ProposalFault(const MissionState& mission, const Proposal& proposal);

/// A person may merge what was seen passing, and nothing else: the very tree, all the tests that
/// the mission promised, and a review only where they have approved the mission's own.
bool AllowsMerge(const MissionState& mission, const MergeTested& tested);

/// The timer that ends a lease whose agent never reports.
std::string LeaseTimer(TaskId task_id, const Epoch& epoch);

/// The ref that carries the mission's verified work, and the branch delivered at the end.
std::string TipRef(const MissionId& id);
std::string BranchRef(const MissionId& id);
std::string PatchRef(const MissionId& id);

}  // namespace coditect
