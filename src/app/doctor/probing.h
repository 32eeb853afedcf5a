// Running something in a sandbox to see whether it works.
#pragma once

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "src/app/doctor/examination.h"

namespace coditect {

/// A workspace on an empty folder. `label` marks it.
StatusOr<std::unique_ptr<Workspace>> OpenProbe(Patient& patient, const std::string& label);

/// A workspace on `base`, a folder with the repository's tree, with a harness's files.
StatusOr<std::unique_ptr<Workspace>> OpenRepositoryProbe(
    Patient& patient, const std::string& base,
    std::vector<std::pair<std::string, std::string>> support);

/// `script` by sh in the workspace, to its end.
StatusOr<SandboxResult> RunProbe(Workspace& workspace, const std::string& script,
                                 const SandboxLimits& limits);

}  // namespace coditect
