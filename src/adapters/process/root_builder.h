// Builds a workspace's root in a fresh mount and network namespace.
#pragma once

#include <string>
#include <vector>

#include "src/adapters/process/plan.h"
#include "src/base/status.h"
#include "src/base/unique_fd.h"

namespace coditect::process {

/// What keeps a finished root alive: no process, only these.
struct RootDescriptors {
  UniqueFd mounts;   // the mount namespace
  UniqueFd network;  // the network namespace, loopback up
  UniqueFd merged;   // the repository as the sandbox sees it
  UniqueFd upper;    // the repository's upper layer, or its private copy
};

/// Builds the root that `plan` describes; the caller is in new mount and network namespaces and
/// loses the host's files. `idmaps`: one namespace descriptor for each layer, then for each bind,
/// -1 for none. Source: research/workspace.md section 2, steps 1 to 7.
StatusOr<RootDescriptors> BuildRoot(const RootPlan& plan, const std::vector<int>& idmaps);

/// Where a prepared root keeps the host's /proc until a launch has mounted its own (user mode
/// only).
inline constexpr const char* kHostProc = "/.empty/proc";

/// Trees of `plan` below a folder that every launch covers with a tmpfs of its own, without those
/// below another one: they are attached again after it. `cover` is "/tmp" or "/dev/shm".
std::vector<std::string> TreesBelow(const RootPlan& plan, const std::string& cover);

}  // namespace coditect::process
