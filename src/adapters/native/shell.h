// Scripts in one workspace, and what they cost together.
#pragma once

#include <map>
#include <string>

#include "src/base/context.h"
#include "src/ports/sandbox.h"

namespace coditect::native {

/// Folders of ours in the workspace, relative to the repository.
inline constexpr const char* kBuildRoot = ".coditect-build";

struct ShellOptions {
  std::map<std::string, std::string> environment;
  std::string stdin_bytes;
  std::chrono::milliseconds cpu{0};  // 0 = no limit of its own
  uint64_t keep_bytes = 256 << 10;   // of the output
};

/// Runs scripts by /bin/sh at the repository's top, one at a time, within the limits of one run of
/// tests: the wall clock is shared by all, the others are for each.
class Shell {
 public:
  Shell(Workspace& workspace, const SandboxLimits& limits)
      : workspace_(workspace), limits_(limits), started_(std::chrono::steady_clock::now()) {}

  StatusOr<SandboxResult> Run(const Context& ctx, const std::string& script,
                              const ShellOptions& options = {});

  /// The repository's absolute path inside, asked for once.
  StatusOr<std::string> Repository(const Context& ctx);

  uint64_t cpu_ms() const { return cpu_ms_; }
  uint64_t wall_ms() const;
  uint64_t memory_bytes() const { return memory_bytes_; }

 private:
  Workspace& workspace_;
  const SandboxLimits limits_;
  const MonotonicTime started_;
  std::string repository_;
  uint64_t cpu_ms_ = 0;
  uint64_t memory_bytes_ = 0;
};

}  // namespace coditect::native
