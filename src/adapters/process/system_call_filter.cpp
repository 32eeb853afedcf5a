// The seccomp filter: libseccomp's rules, and one range check libseccomp cannot express.
#include "src/adapters/process/system_call_filter.h"

#include <errno.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <seccomp.h>
#include <stddef.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/personality.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <memory>
#include <type_traits>

#include "src/adapters/process/system_calls.h"
#include "src/base/unique_fd.h"

namespace coditect::process {
namespace {

constexpr const char* kDenied[] = {
    // namespaces and mounts
    "unshare", "setns", "mount", "umount", "umount2", "pivot_root", "chroot", "fsopen", "fsmount",
    "fsconfig", "fspick", "open_tree", "move_mount", "mount_setattr",
    // large kernel surfaces
    "io_uring_setup", "io_uring_enter", "io_uring_register", "bpf", "userfaultfd",
    "perf_event_open", "fanotify_init", "quotactl", "quotactl_fd", "lookup_dcookie", "nfsservctl",
    "uselib", "ustat", "sysfs", "_sysctl", "modify_ldt", "vm86", "vm86old",
    // keys, and other processes' memory and descriptors
    "add_key", "request_key", "keyctl", "ptrace", "process_vm_readv", "process_vm_writev", "kcmp",
    "pidfd_getfd", "process_madvise", "move_pages", "migrate_pages", "open_by_handle_at",
    "name_to_handle_at",
    // the machine
    "init_module", "finit_module", "delete_module", "create_module", "query_module", "kexec_load",
    "kexec_file_load", "reboot", "swapon", "swapoff", "acct", "settimeofday", "clock_settime",
    "stime", "adjtimex", "clock_adjtime", "sethostname", "setdomainname", "iopl", "ioperm",
    "syslog", "vhangup"};

// Numbers from 424 on are the same on every architecture; 466 is removexattrat (Linux 6.13).
constexpr uint32_t kNewestKnown = 466;

struct ReleaseFilter {
  void operator()(scmp_filter_ctx filter) const { ::seccomp_release(filter); }
};
using Filter = std::unique_ptr<std::remove_pointer_t<scmp_filter_ctx>, ReleaseFilter>;

// Adds one rule; remembers the first failure.
class Rules {
 public:
  explicit Rules(scmp_filter_ctx filter) : filter_(filter) {}

  void Deny(int error, const char* name) {
    const int number = ::seccomp_syscall_resolve_name(name);
    if (number == __NR_SCMP_ERROR || number < 0) return;  // not a call of this architecture
    Note(::seccomp_rule_add(filter_, SCMP_ACT_ERRNO(static_cast<uint32_t>(error)), number, 0));
  }
  void DenyWhen(int error, int number, scmp_arg_cmp condition) {
    Note(::seccomp_rule_add_array(filter_, SCMP_ACT_ERRNO(static_cast<uint32_t>(error)), number, 1,
                                  &condition));
  }
  int error() const { return error_; }

 private:
  void Note(int result) {
    if (result < 0 && error_ == 0) error_ = -result;
  }
  scmp_filter_ctx filter_;
  int error_ = 0;
};

// Comparisons on arguments the kernel reads as 32 bits use a mask: the upper half is the caller's
// to choose and must not get around the rule.
void AddArgumentRules(Rules& rules) {
  constexpr uint64_t kNamespaceFlags[] = {CLONE_NEWUSER, CLONE_NEWNS,  CLONE_NEWPID,   CLONE_NEWNET,
                                          CLONE_NEWIPC,  CLONE_NEWUTS, CLONE_NEWCGROUP};
  for (const uint64_t flag : kNamespaceFlags) {
    rules.DenyWhen(EPERM, SCMP_SYS(clone), SCMP_A0(SCMP_CMP_MASKED_EQ, flag, flag));
  }
  for (uint64_t family = 0; family <= AF_INET6; ++family) {
    if (family == AF_UNIX || family == AF_INET || family == AF_INET6) continue;
    rules.DenyWhen(EAFNOSUPPORT, SCMP_SYS(socket), SCMP_A0(SCMP_CMP_EQ, family));
  }
  rules.DenyWhen(EAFNOSUPPORT, SCMP_SYS(socket), SCMP_A0(SCMP_CMP_GT, uint64_t{AF_INET6}));
  constexpr uint64_t kLinuxConsole = 0x541C;  // TIOCLINUX
  for (const uint64_t request : {uint64_t{TIOCSTI}, kLinuxConsole}) {
    rules.DenyWhen(EPERM, SCMP_SYS(ioctl), SCMP_A1(SCMP_CMP_MASKED_EQ, 0xffffffffu, request));
  }
  // READ_IMPLIES_EXEC is refused; 0xffffffff only asks for the present value.
  rules.DenyWhen(EPERM, SCMP_SYS(personality),
                 SCMP_A0(SCMP_CMP_MASKED_EQ, 0x80000000u | uint64_t{READ_IMPLIES_EXEC},
                         uint64_t{READ_IMPLIES_EXEC}));
}

template <class Instruction>
void AppendInstruction(std::string& program, const Instruction& instruction) {
  program.append(reinterpret_cast<const char*>(&instruction), sizeof instruction);
}

// Calls this list cannot know do not exist inside. x32 numbers are left to the rules below.
std::string NewerCallsPrologue() {
  constexpr uint32_t kX32Bit = 0x40000000;
  std::string program;
  AppendInstruction(program,
                    sock_filter BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, nr)));
  AppendInstruction(program, sock_filter BPF_JUMP(BPF_JMP | BPF_JGE | BPF_K, kX32Bit, 2, 0));
  AppendInstruction(program, sock_filter BPF_JUMP(BPF_JMP | BPF_JGT | BPF_K, kNewestKnown, 0, 1));
  AppendInstruction(program, sock_filter BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | ENOSYS));
  return program;
}

}  // namespace

StatusOr<std::string> CompileSystemCallFilter(bool refuse_memory_files) {
  Filter filter(::seccomp_init(SCMP_ACT_ALLOW));
  if (filter == nullptr) return Internal("libseccomp cannot make a filter");
  ::seccomp_attr_set(filter.get(), SCMP_FLTATR_ACT_BADARCH, SCMP_ACT_KILL_PROCESS);
  ::seccomp_attr_set(filter.get(), SCMP_FLTATR_CTL_OPTIMIZE, 2);
  Rules rules(filter.get());
  for (const char* name : kDenied) rules.Deny(EPERM, name);
  rules.Deny(ENOSYS, "clone3");
  if (refuse_memory_files) {
    rules.Deny(ENOSYS, "memfd_create");
    rules.Deny(ENOSYS, "shmget");
  }
  AddArgumentRules(rules);
  if (rules.error() != 0) return ErrnoStatus(rules.error(), "cannot build the seccomp filter");
  UniqueFd memory(::memfd_create("seccomp", MFD_CLOEXEC));
  if (!memory.valid()) return ErrnoStatus(errno, "cannot make a memory file");
  const int result = ::seccomp_export_bpf(filter.get(), memory.get());
  if (result < 0) return ErrnoStatus(-result, "cannot export the seccomp filter");
  ::lseek(memory.get(), 0, SEEK_SET);
  ASSIGN_OR_RETURN(std::string rest, ReadDescriptor(memory.get(), 1 << 20, "the seccomp filter"));
  return NewerCallsPrologue() + rest;
}

Status InstallSystemCallFilter(const std::string& program) {
  sock_fprog filter{};
  filter.len = static_cast<unsigned short>(program.size() / sizeof(sock_filter));
  filter.filter = reinterpret_cast<sock_filter*>(const_cast<char*>(program.data()));
  if (::syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &filter) != 0) {
    return ErrnoStatus(errno, "cannot install the seccomp filter");
  }
  return absl::OkStatus();
}

}  // namespace coditect::process
