// What the verbs that only look have in common: the folded ledger without owning it.
#pragma once

#include <memory>
#include <string>

#include "src/app/bootstrap.h"
#include "src/app/commands/commands.h"
#include "src/app/ledger_tail.h"

namespace coditect {

struct Reading {
  StatePaths paths;
  std::unique_ptr<LedgerTail> tail;
  std::vector<MissionId> order;  // the runs in the order they were accepted in
  bool owned = false;            // a living process owns the ledger; without one nothing happens
};

/// NOT_FOUND when there is no ledger yet.
StatusOr<Reading> ReadLedger(const Context& ctx);

/// The mission that `name` means: its id, whole or a unique beginning, with or without "r-"; or the
/// newest, of the repository around `folder` when that has any. NOT_FOUND suggests the nearest,
/// INVALID_ARGUMENT names two it could be.
StatusOr<const MissionState*> FindRun(const Reading& reading, const RunName& name,
                                      const std::string& folder);

}  // namespace coditect
