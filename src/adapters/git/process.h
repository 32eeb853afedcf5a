// Runs one program to its end: argument list, given environment, bounded output, deadline.
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "src/base/context.h"
#include "src/base/status.h"
#include "src/base/unique_fd.h"

namespace coditect::git {

struct ProcessRequest {
  std::vector<std::string> argv;         // argv[0] is the program's absolute path
  std::vector<std::string> environment;  // "NAME=value"; nothing else is passed on
  std::string folder = "/";              // working folder
  std::string_view stdin_bytes;          // outlives the call; empty = /dev/null
  size_t stdout_bytes_max = size_t{64} << 20;
  /// Gets stdout piece by piece instead of ProcessResult::out, without the limit above. What it
  /// returns other than OK ends the program and is RunProcess's answer.
  std::function<Status(std::string_view)> on_stdout;
  /// Descriptors that stay open in the program, as 3, 4, ... in this order. Each must be >= 10
  /// (HighFd).
  std::vector<int> inherited_fds;
};

struct ProcessResult {
  int exit_code = -1;  // -1 when a signal ended it
  int signal = 0;
  std::string out;
  std::string err;  // the first kStderrBytesMax bytes
};

inline constexpr size_t kStderrBytesMax = 16 << 10;

/// Runs the program in a process group of its own and waits for its end. On cancellation, deadline
/// or too much output it gets SIGTERM (so that git removes its temporary files), after
/// kTermGrace SIGKILL. DEADLINE_EXCEEDED, CANCELLED; RESOURCE_EXHAUSTED when stdout is larger than
/// the limit; NOT_FOUND when there is no such program. No other thread's SIGCHLD handling is
/// touched. Thread-safe: uses posix_spawn.
StatusOr<ProcessResult> RunProcess(const Context& ctx, const ProcessRequest& request);

inline constexpr std::chrono::milliseconds kTermGrace{300};

/// The same open file under a descriptor number >= 10, close-on-exec.
UniqueFd HighFd(UniqueFd fd);

/// Waits `time`, or less when the context is cancelled or its deadline passes: then the context's
/// error.
Status Pause(const Context& ctx, std::chrono::milliseconds time);

}  // namespace coditect::git
