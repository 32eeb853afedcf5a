// A delivered patch as a file of the person's.
#pragma once

#include <string>

#include "src/base/status.h"
#include "src/domain/state.h"

namespace coditect {

/// Where the run's patch goes: the file the person named, or coditect-<run>.patch in the folder
/// they stood in; "" when the run delivers none.
std::string PatchFileOf(const MissionState& mission);

/// Writes the whole file or none, durably, and never over another one: ALREADY_EXISTS. OK when it
/// holds just that already.
Status WritePatchFile(const std::string& path, const std::string& patch);

}  // namespace coditect
