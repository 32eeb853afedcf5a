// What runs between a clone in the broker and the launched command: the sandbox's first process.
#pragma once

#include <string>

#include "src/adapters/process/plan.h"
#include "src/base/unique_fd.h"

namespace coditect::process {

/// Everything a launch needs of the broker. Descriptors are borrowed; the child owns its copies.
struct LaunchEnvironment {
  const LaunchPlan& plan;
  const RootPlan* root = nullptr;  // null = plain process without isolation
  const std::string& filter;       // CompileSystemCallFilter()
  int mounts = -1;                 // namespaces of the root
  int network = -1;
  int input = -1;
  int output = -1;
  int status = -1;
  int life = -1;  // one byte opens the gate; its end, or a second byte, ends the launch
  int channel = -1;
};

/// Process 1 of a sandbox, in new pid, IPC, UTS and cgroup namespaces: enters the root, waits at
/// the gate, gives up every privilege, starts the command, reaps orphans, and leaves when the
/// command ends, which makes the kernel kill whatever is left. Source: research/workspace.md
/// section 2, steps 8 to 12.
[[noreturn]] void RunSandboxInit(const LaunchEnvironment& launch);

/// The same for a plain process: a child subreaper that kills all descendants before it leaves.
[[noreturn]] void RunPlainInit(const LaunchEnvironment& launch);

}  // namespace coditect::process
