// The lock of the ledger's owner: held by one process per person, released by the kernel when it
// dies.
#pragma once

#include <string>

#include "src/base/status.h"
#include "src/base/unique_fd.h"

namespace coditect {

/// UNAVAILABLE when another process holds it, with that process's id.
StatusOr<UniqueFd> TakeOwnerLock(const std::string& path);

/// Process id of the holder, 0 when nobody holds it.
int OwnerProcess(const std::string& path);

}  // namespace coditect
