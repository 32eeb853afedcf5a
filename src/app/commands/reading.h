// What the verbs that only look have in common: the folded ledger without owning it.
#pragma once

#include <memory>
#include <string>

#include "src/app/bootstrap.h"
#include "src/app/ledger_tail.h"

namespace coditect {

struct Reading {
  StatePaths paths;
  std::unique_ptr<LedgerTail> tail;
  std::vector<Event> events;  // all of them
};

/// An empty state when there is no ledger yet.
StatusOr<Reading> ReadLedger(const Context& ctx);

/// The mission that `id` names: whole or a unique beginning, with or without "r-". NOT_FOUND lists
/// the nearest, INVALID_ARGUMENT the ones it could be.
StatusOr<const MissionState*> FindMission(const ShardState& state, const std::string& id);

/// The newest mission; of the repository at `folder` when that is one. NOT_FOUND.
StatusOr<const MissionState*> LastMission(const ShardState& state);

}  // namespace coditect
