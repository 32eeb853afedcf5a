// What git does not sync: folder entries of new objects and refs.
//
// core.fsync=all makes git sync the bytes of a new object or ref, but not the name it gets
// afterwards: after a power loss the bytes may stand under a temporary name only.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "src/base/status.h"

namespace coditect::git {

/// Makes the loose objects among `ids` (full ids; packed ones are durable already) survive power
/// loss, also those that another git wrote without syncing. `objects`: the object folder.
/// DATA_LOSS when the disk fails.
Status SyncObjects(const std::string& objects, const std::vector<std::string>& ids);

/// Syncs the ref's file and every folder from it up to `common_dir`/refs. `ref`: "refs/...".
Status SyncRef(const std::string& common_dir, std::string_view ref);

}  // namespace coditect::git
