// Landlock: the second wall behind the mount view.
#pragma once

#include <string>
#include <vector>

#include "src/base/status.h"

namespace coditect::process {

/// The kernel's Landlock version, 0 when it has none.
int LandlockVersion();

/// From now on this process and its children may read and execute what they see, write only below
/// `writable` (and to device and /proc files), and reach no abstract socket or process outside.
/// Needs no_new_privs. Does nothing where the kernel has no Landlock.
Status RestrictByLandlock(const std::vector<std::string>& writable);

}  // namespace coditect::process
