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
/// `refuse_memory_files`: memfd_create and shmget get ENOSYS too, because the memory behind them is
/// counted by control groups only.
StatusOr<std::string> CompileSystemCallFilter(bool refuse_memory_files);

/// Puts the calling thread under the filter for good; needs no_new_privs.
Status InstallSystemCallFilter(const std::string& program);

}  // namespace coditect::process
