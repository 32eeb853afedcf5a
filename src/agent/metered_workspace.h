// A workspace that tells what the launches used that the end of their lease has killed.
#pragma once

#include <memory>

#include "src/agent/lease.h"

namespace coditect {

/// Work that is cut short gives no report, so nothing else counts them. `meter` outlives the
/// workspace.
std::unique_ptr<Workspace> MeterWorkspace(std::unique_ptr<Workspace> workspace, UsageMeter& meter);

}  // namespace coditect
