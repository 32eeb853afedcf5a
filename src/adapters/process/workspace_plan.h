// From the options of a workspace to the root the broker builds.
#pragma once

#include <set>
#include <string>
#include <vector>

#include "src/adapters/process/core.h"
#include "src/adapters/process/plan.h"
#include "src/base/context.h"
#include "src/ports/sandbox.h"

namespace coditect::process {

/// INVALID_ARGUMENT, naming the path and the rule, for options no root can be built from.
Status CheckWorkspaceOptions(const WorkspaceOptions& options);

/// Fills `plan` for `options`: makes the upper layers in plan->folder, which exists and is empty,
/// and the private copies where a layer cannot be shared. `plan` has its id, user and folder.
Status PlanRoot(const Context& ctx, Core& core, const WorkspaceOptions& options, RootPlan* plan);

/// The dependency folders and `layers`, parents first, each place once.
std::vector<FolderLayer> LayersOf(const WorkspaceOptions& options);

/// Paths of the repository, relative, that are not the workspace's own: dependency folders, files
/// and folders shown from the host.
std::set<std::string> MaskedPaths(const WorkspaceOptions& options);

/// The environment of a launch, "NAME=value": a locale, the toolchain's, PATH, the command's, and
/// last what is fixed: HOME and TMPDIR. INVALID_ARGUMENT for a name or value that cannot be one.
StatusOr<std::vector<std::string>> BuildEnvironment(
    const Toolchain& toolchain, const std::map<std::string, std::string>& command,
    const std::map<std::string, std::string>& fixed);

}  // namespace coditect::process
