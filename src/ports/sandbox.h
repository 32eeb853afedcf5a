// Where untrusted code runs: a workspace on a base tree, and processes in it that cannot get out.
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "src/base/context.h"
#include "src/domain/change.h"
#include "src/domain/toolchain.h"

namespace coditect {

/// What ended a process.
enum class EndedBy { kExit, kSignal, kWall, kCpu, kMemory, kPids, kOutput, kPolicy, kKilled };
constexpr std::string_view EndedByName(EndedBy ended_by) {
  constexpr std::string_view names[] = {"exit", "signal", "wall",   "cpu",   "memory",
                                        "pids", "output", "policy", "killed"};
  return names[static_cast<size_t>(ended_by)];
}

/// 0 = the adapter's default for the kind. All are enforced.
struct SandboxLimits {
  std::chrono::milliseconds wall{0};
  std::chrono::milliseconds cpu{0};  // of all processes of the launch together
  uint64_t memory_bytes = 0;
  uint32_t pids = 0;
  uint64_t output_bytes = 0;  // stdout and stderr together; more ends the launch
  uint64_t file_bytes = 0;    // one file's size
};

struct SandboxCommand {
  std::vector<std::string> argv;                   // argv[0] is looked up in the sandbox's PATH
  std::map<std::string, std::string> environment;  // added to the workspace's
  std::string folder;                              // relative to the repository; "" = its top
  std::string stdin_bytes;
  SandboxLimits limits;
  bool channel = false;                   // a socket to the host at descriptor kChannelFd
  uint64_t output_keep_bytes = 64 << 10;  // head and tail kept of the output
};

/// The descriptor a launched process finds its channel at.
inline constexpr int kChannelFd = 3;

struct SandboxResult {
  EndedBy ended_by = EndedBy::kExit;
  int exit_code = -1;  // when ended_by is kExit
  int signal = 0;      // when ended_by is kSignal
  std::string output;  // stdout and stderr as they came, head and tail, the elided count between
  uint64_t output_bytes = 0;
  std::chrono::milliseconds wall{0};
  std::chrono::milliseconds cpu{0};
  uint64_t memory_bytes_max = 0;
};

/// One launch. Destruction kills it and waits until nothing of it is left.
class SandboxProcess {
 public:
  virtual ~SandboxProcess() = default;

  /// The host's end of the channel (a stream socket, close-on-exec), -1 without one.
  virtual int channel() const = 0;

  /// Waits for the end; kills on cancellation, deadline or a limit. When it returns, no process of
  /// the launch exists any more.
  virtual StatusOr<SandboxResult> Wait(const Context& ctx) = 0;

  /// Kills every process of the launch; returns at once. Safe from any thread.
  virtual void Kill() = 0;
};

/// A folder of the host shown copy-on-write at a place in the repository.
struct FolderLayer {
  std::string host;    // absolute path
  std::string folder;  // relative to the repository
};

struct WorkspaceOptions {
  std::string label;  // "<run>/<task>/<epoch>": marks mounts, processes and folders for sweeping
  std::string tier;   // "auto", "process", "none": what the person asked for
  std::string repo_path;  // the person's path, at which the workspace appears inside
  std::string base;       // plain folder with the base tree
  Toolchain toolchain;
  std::vector<FolderLayer> layers;  // like the toolchain's overlays, private and no change
  std::vector<std::pair<std::string, std::string>> read_only_files;  // host file -> path inside
};

/// A private, writable view of the base tree at the person's own path. Destruction kills what runs
/// in it and removes every trace. One owner; Launch may be called again while a launch runs.
class Workspace {
 public:
  virtual ~Workspace() = default;

  virtual StatusOr<std::unique_ptr<SandboxProcess>> Launch(const Context& ctx,
                                                           const SandboxCommand& command) = 0;

  /// Writes one file of the repository as the sandbox's user; only while nothing runs in it.
  virtual Status Apply(const std::vector<FileChange>& changes) = 0;

  /// The file's bytes as the sandbox sees them. NOT_FOUND; INVALID_ARGUMENT for what is not a
  /// regular file. Never follows a symbolic link.
  virtual StatusOr<std::string> Read(const std::string& path) = 0;

  /// What differs from the base, by the rules of research/workspace.md section 3; only while
  /// nothing runs in it. Files the repository ignores are included: the caller filters.
  virtual StatusOr<std::vector<FileChange>> Changes() = 0;

  /// Copies a folder of the repository as the sandbox sees it to `host`, which is made, with modes
  /// and times, so that a later workspace can show it as a layer; only while nothing runs in it.
  /// "" = the whole tree without its layers, for a workspace that has it as its base.
  virtual Status Keep(const Context& ctx, const std::string& folder, const std::string& host) = 0;
};

/// How the sandbox isolates here, for the run's first line and doctor.
struct SandboxProfile {
  std::string tier;                  // "process" or "none"
  std::string workspace;             // "overlay", "copy", …
  std::vector<std::string> layers;   // what holds: "uid", "namespaces", "seccomp", …
  std::vector<std::string> missing;  // what does not, each with the reason
};

/// Thread-safe.
class Sandbox {
 public:
  virtual ~Sandbox() = default;

  virtual StatusOr<std::unique_ptr<Workspace>> OpenWorkspace(const Context& ctx,
                                                             const WorkspaceOptions& options) = 0;
  virtual const SandboxProfile& profile() const = 0;

  /// The reflex: kills every launch of every workspace, at once and without asking anybody, and
  /// refuses new ones until Resume().
  virtual void EmergencyStop() = 0;
  virtual void Resume() = 0;

  /// Removes what a dead owner left behind: processes, mounts and folders by label. Called before
  /// the first lease.
  virtual Status Sweep(const Context& ctx) = 0;
};

}  // namespace coditect
