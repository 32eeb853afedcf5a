// Owners by file locks: the kernel drops them whatever way a process ends.
#include "src/adapters/process/owner.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/file.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>

#include "src/adapters/process/broker.h"
#include "src/adapters/process/cgroups.h"
#include "src/adapters/process/process_tree.h"
#include "src/adapters/process/system_calls.h"
#include "src/base/file.h"
#include "src/base/random.h"
#include "src/base/sha256.h"

namespace coditect::process {
namespace {

constexpr int kKillWaitMs = 2000;

StatusOr<UniqueFd> OpenLockFile(const std::string& path) {
  UniqueFd fd(::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600));
  if (!fd.valid()) return ErrnoStatus(errno, "cannot write ", path);
  return fd;
}

// Held for moments only: waiting for it is bounded by what an owner does under it.
StatusOr<UniqueFd> LockOwners(const std::string& work) {
  ASSIGN_OR_RETURN(UniqueFd lock, OpenLockFile(JoinPath(work, "lock")));
  while (::flock(lock.get(), LOCK_EX) != 0) {
    if (errno != EINTR) return ErrnoStatus(errno, "cannot lock ", work);
  }
  return lock;
}

bool IsLockedByOther(const std::string& path) {
  UniqueFd fd(::open(path.c_str(), O_RDWR | O_CLOEXEC | O_NOFOLLOW));
  return fd.valid() && ::flock(fd.get(), LOCK_EX | LOCK_NB) != 0 && errno == EWOULDBLOCK;
}

std::string TokenOf(const std::string& work, const std::string& owner) {
  const std::string real = RealPath(work).value_or(work);
  return StrCat(Sha256Hex(real).substr(0, 12), "-", owner);
}

// A process is one of `token`'s when its command line is the broker's, or, without isolation, when
// its environment carries the mark.
bool BelongsTo(const std::string& token, const std::string& command_line,
               const std::string& environment) {
  const std::string separator(1, '\0');
  const std::string broker = StrCat(kBrokerName, separator, "broker", separator, token, separator);
  const std::string mark = StrCat("CODITECT_SANDBOX=", token, separator);
  return command_line == broker || environment.starts_with(mark) ||
         environment.find(separator + mark) != std::string::npos;
}

void KillProcessesOf(const std::string& token) {
  const auto wanted = [&](const std::string& command_line, const std::string& environment) {
    return BelongsTo(token, command_line, environment);
  };
  constexpr int kRoundsMax = 20;  // a process may fork while it is looked for
  for (int round = 0; round < kRoundsMax; ++round) {
    std::vector<UniqueFd> killed;
    for (const pid_t pid : FindProcesses(wanted)) {
      UniqueFd pidfd = OpenProcess(pid);
      if (pidfd.valid() && KillByDescriptor(pidfd.get())) killed.push_back(std::move(pidfd));
    }
    if (killed.empty()) return;
    for (const UniqueFd& pidfd : killed) {
      pollfd entry{pidfd.get(), POLLIN, 0};
      ::poll(&entry, 1, kKillWaitMs);
    }
  }
}

// Undoes the octal escapes of /proc/self/mountinfo.
std::string Unescape(const std::string& text) {
  const auto octal = [&](size_t i) { return text[i] >= '0' && text[i] <= '7'; };
  std::string out;
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '\\' && i + 3 < text.size() && octal(i + 1) && octal(i + 2) && octal(i + 3)) {
      out +=
          static_cast<char>((text[i + 1] - '0') * 64 + (text[i + 2] - '0') * 8 + text[i + 3] - '0');
      i += 3;
    } else {
      out += text[i];
    }
  }
  return out;
}

// Detaches mounts at or below `folder`, the last made first.
void DetachMountsBelow(const std::string& folder) {
  const std::string mounts = ReadFile("/proc/self/mountinfo", 64 << 20).value_or("");
  std::vector<std::string> points;
  for (const std::string& line : Split(mounts, '\n')) {
    const std::vector<std::string> fields = Split(line, ' ');
    if (fields.size() > 4 && IsBelow(Unescape(fields[4]), folder)) {
      points.push_back(Unescape(fields[4]));
    }
  }
  for (auto point = points.rbegin(); point != points.rend(); ++point) {
    ::umount2(point->c_str(), MNT_DETACH | UMOUNT_NOFOLLOW);
  }
}

}  // namespace

StatusOr<std::unique_ptr<Owner>> Owner::Open(const std::string& state_folder) {
  std::unique_ptr<Owner> owner(new Owner);
  const std::string work = JoinPath(state_folder, "work");
  RETURN_IF_ERROR(MakeDirs(work, 0700));
  ASSIGN_OR_RETURN(owner->work_, RealPath(work));
  owner->name_ = RandomHex(8);
  owner->token_ = TokenOf(owner->work_, owner->name_);
  ASSIGN_OR_RETURN(const UniqueFd owners, LockOwners(owner->work_));
  ASSIGN_OR_RETURN(owner->users_, OpenLockFile(JoinPath(owner->work_, "users")));
  const std::string folder = JoinPath(owner->work_, owner->name_);
  if (::mkdir(folder.c_str(), 0700) != 0) return ErrnoStatus(errno, "cannot make ", folder);
  owner->folder_ = folder;
  ASSIGN_OR_RETURN(owner->lock_, OpenLockFile(JoinPath(folder, "lock")));
  if (::flock(owner->lock_.get(), LOCK_EX | LOCK_NB) != 0) {
    return ErrnoStatus(errno, "cannot lock ", folder);
  }
  return owner;
}

Owner::~Owner() {
  if (!folder_.empty()) (void)!RemoveTree(folder_).ok();
}

std::string Owner::NextName(std::string_view prefix) {
  MutexLock lock(mutex_);
  return StrCat(prefix, next_++);
}

StatusOr<std::string> Owner::NewWorkspaceFolder(const std::string& label) {
  const std::string folder = JoinPath(folder_, NextName("w-"));
  if (::mkdir(folder.c_str(), 0700) != 0) return ErrnoStatus(errno, "cannot make ", folder);
  const Status labelled = WriteFile(JoinPath(folder, "label"), label);
  if (!labelled.ok()) {
    (void)!RemoveTree(folder).ok();
    return labelled;
  }
  return folder;
}

StatusOr<uint32_t> Owner::TakeUser(uint32_t base, uint32_t count) {
  MutexLock lock(mutex_);
  for (uint32_t user = base; user < base + count; ++user) {
    if (taken_.contains(user)) continue;
    struct flock range{};
    range.l_type = F_WRLCK;
    range.l_whence = SEEK_SET;
    range.l_start = user;
    range.l_len = 1;
    if (::fcntl(users_.get(), F_OFD_SETLK, &range) != 0) continue;  // another owner's
    taken_.insert(user);
    return user;
  }
  return ResourceExhausted("all ", count, " sandbox users are in use");
}

void Owner::ReturnUser(uint32_t user) {
  MutexLock lock(mutex_);
  if (taken_.erase(user) == 0) return;
  struct flock range{};
  range.l_type = F_UNLCK;
  range.l_whence = SEEK_SET;
  range.l_start = user;
  range.l_len = 1;
  ::fcntl(users_.get(), F_OFD_SETLK, &range);
}

Status Owner::RecordCgroupParents(const std::vector<std::string>& parents) {
  return WriteFile(JoinPath(folder_, "cgroups"), Join(parents, std::string_view("\0", 1)));
}

Status Owner::SweepOwner(const std::string& name) {
  const std::string folder = JoinPath(work_, name);
  const std::string token = TokenOf(work_, name);
  KillProcessesOf(token);
  const std::string parents = ReadFile(JoinPath(folder, "cgroups"), 1 << 20).value_or("");
  for (const std::string& parent : Split(parents, '\0')) {
    if (!parent.empty()) SweepCgroups(parent, StrCat("coditect-", token, "-"));
  }
  DetachMountsBelow(folder);
  return RemoveTree(folder);
}

Status Owner::Sweep(const Context& ctx) {
  ASSIGN_OR_RETURN(const UniqueFd owners, LockOwners(work_));
  ASSIGN_OR_RETURN(const std::vector<std::string> names, ListDir(work_));
  Status first;
  for (const std::string& name : names) {
    RETURN_IF_ERROR(ctx.Check());
    struct stat info{};
    const std::string folder = JoinPath(work_, name);
    if (name == name_ || ::lstat(folder.c_str(), &info) != 0 || !S_ISDIR(info.st_mode)) continue;
    if (IsLockedByOther(JoinPath(folder, "lock"))) continue;
    first.Update(SweepOwner(name));
  }
  return first;
}

}  // namespace coditect::process
