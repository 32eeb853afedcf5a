// The ledger in one SQLite file: WAL, synchronous=FULL, one row per block.
#pragma once

#include <memory>
#include <string>

#include "src/ports/event_log.h"

namespace coditect::sqlite {

struct EventLogOptions {
  std::string path;
  bool read_only = false;  // for verbs that only look; never waits for the owner
};

/// An open ledger. The owner's Open checks the file after an unclean end (a small one
/// as a whole, a large one at its end) and marks it in use; destruction marks the clean end. After
/// an input/output error every call answers UNAVAILABLE: close it and open it again, what is on
/// disk then is the truth. DATA_LOSS: the file is damaged, the message says how.
StatusOr<std::unique_ptr<EventLog>> OpenEventLog(const EventLogOptions& options);

/// Checks every page of the file, in time that grows with it. DATA_LOSS with SQLite's words.
Status CheckLedgerFile(const std::string& path);

}  // namespace coditect::sqlite
