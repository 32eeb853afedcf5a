// Starting one command: its pipes, its control group, its gate.
#pragma once

#include <memory>

#include "src/adapters/process/core.h"
#include "src/base/context.h"
#include "src/ports/sandbox.h"

namespace coditect::process {

struct StartedLaunch {
  // Shared by the process object, its workspace and the supervisor, whichever lives longest.
  std::shared_ptr<RunningLaunch> launch;
  UniqueFd channel;
};

/// Has the broker start `plan`, puts it under its limits and lets it run. INVALID_ARGUMENT for a
/// command that cannot be one; FAILED_PRECONDITION while stopped; RESOURCE_EXHAUSTED when the disk
/// reserve is used up.
StatusOr<StartedLaunch> StartLaunch(Core& core, const SandboxCommand& command,
                                    const SandboxLimits& limits, LaunchPlan plan);

/// The process object of a launch.
std::unique_ptr<SandboxProcess> MakeProcess(StartedLaunch started);

}  // namespace coditect::process
