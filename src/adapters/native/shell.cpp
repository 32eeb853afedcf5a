// One launch a script.
#include "src/adapters/native/shell.h"

#include <algorithm>

#include "src/base/strings.h"

namespace coditect::native {

uint64_t Shell::wall_ms() const {
  const auto lived = std::chrono::steady_clock::now() - started_;
  return static_cast<uint64_t>(
      std::chrono::duration_cast<std::chrono::milliseconds>(lived).count());
}

StatusOr<SandboxResult> Shell::Run(const Context& ctx, const std::string& script,
                                   const ShellOptions& options) {
  SandboxCommand command;
  command.argv = {"/bin/sh", "-c", script};
  command.environment = options.environment;
  // What is judged was compiled here, and a cache that the person uses cannot be reached.
  command.environment.insert({"CCACHE_DISABLE", "1"});
  command.stdin_bytes = options.stdin_bytes;
  command.limits = limits_;
  if (limits_.wall.count() > 0) {
    const auto left = limits_.wall - std::chrono::milliseconds(wall_ms());
    command.limits.wall = std::max(left, std::chrono::milliseconds(1));
  }
  if (options.cpu.count() > 0) command.limits.cpu = options.cpu;
  command.output_keep_bytes = options.keep_bytes;
  ASSIGN_OR_RETURN(const auto process, workspace_.Launch(ctx, command));
  ASSIGN_OR_RETURN(SandboxResult result, process->Wait(ctx));
  RETURN_IF_ERROR(ctx.Check());
  cpu_ms_ += static_cast<uint64_t>(result.cpu.count());
  memory_bytes_ = std::max(memory_bytes_, result.memory_bytes_max);
  return result;
}

StatusOr<std::string> Shell::Repository(const Context& ctx) {
  if (repository_.empty()) {
    ASSIGN_OR_RETURN(const SandboxResult result, Run(ctx, "pwd -P"));
    repository_ = result.output;
    if (repository_.ends_with('\n')) repository_.pop_back();
    if (!repository_.starts_with('/')) return Internal("the sandbox has no working directory");
  }
  return repository_;
}

}  // namespace coditect::native
