// The process tier of the sandbox: Linux namespaces, cgroups, seccomp and overlay workspaces.
#pragma once

#include <cstdint>
#include <memory>
#include <set>
#include <string>

#include "src/ports/sandbox.h"

namespace coditect::process {

enum class Tier {
  kProcess,  // isolated, or Create fails
  kNone,     // plain processes on a plain copy: only when a person asked for it
};

enum class WorkspaceMode { kAuto, kOverlay, kCopy };

/// What the ladder may be told to do without, as if the kernel refused it: for tests of the rungs.
enum class Feature { kIsolation, kIdmap, kOverlay, kOverlayOnState, kReflink, kCgroups, kLandlock };

struct Options {
  std::string state_folder;  // workspaces are made in <state_folder>/work
  Tier tier = Tier::kProcess;
  WorkspaceMode workspace = WorkspaceMode::kAuto;
  /// Used where a command says 0; what is 0 here too gets 30 minutes of wall time, all processors
  /// for as long, 75 % of the memory, 256 processes, 64 MiB of output and 2 GiB a file.
  SandboxLimits limits;
  /// Sandbox users when started by root. The range ends where systemd's dynamic users begin.
  uint32_t user_base = 61001;
  uint32_t user_count = 183;
  uint64_t tmp_bytes = 1ull << 30;             // of /tmp and of /dev/shm, for each launch
  uint64_t disk_reserve_bytes = 512ull << 20;  // kept free on the state folder's filesystem
  std::set<Feature> without;
};

/// coditect::Sandbox by processes of this machine. Everything it hands out must be destroyed before
/// it. Which mechanisms hold here is tried once, by a real workspace and a real launch; profile()
/// says what was found. main() must call BrokerMain() first (broker.h).
/// Method and figures: research/workspace.md.
class Sandbox {
 public:
  /// FAILED_PRECONDITION in one sentence with the next step when nothing can be isolated here;
  /// PERMISSION_DENIED and the like for a state folder that cannot be used; RESOURCE_EXHAUSTED when
  /// its disk is full.
  static StatusOr<std::unique_ptr<coditect::Sandbox>> Create(Options options);
};

}  // namespace coditect::process
