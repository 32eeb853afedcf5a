// The seccomp filter every launched command runs under.
#pragma once

#include <string>

#include "src/base/status.h"

namespace coditect::process {

/// The filter as BPF instructions, made once. Foreign architectures are killed (SIGSYS), new
/// namespaces, mounts, ptrace, io_uring, bpf, keys, modules and clocks get EPERM, clone3 gets
/// ENOSYS (its flags cannot be seen, so the C library falls back to clone), sockets other than
/// UNIX, INET and INET6 get EAFNOSUPPORT, and system calls newer than this list get ENOSYS.
/// Source: research/workspace.md section 2.
StatusOr<std::string> CompileSystemCallFilter();

/// Puts the calling thread under the filter for good; needs no_new_privs.
Status InstallSystemCallFilter(const std::string& program);

}  // namespace coditect::process
