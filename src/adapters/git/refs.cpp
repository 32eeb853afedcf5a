// Moving refs.
#include "src/adapters/git/refs.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <set>

#include "src/adapters/git/durability.h"
#include "src/adapters/git/head.h"
#include "src/adapters/git/names.h"
#include "src/base/crash_point.h"
#include "src/base/file.h"
#include "src/base/sha256.h"

namespace coditect::git {
namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

constexpr milliseconds kLockPoll{20};
constexpr int kUpdateAttemptsMax = 3;
constexpr milliseconds kForeignLockPause{500};
constexpr size_t kSweepEntriesMax = 200'000;
constexpr int kSweepDepthMax = 16;

// What tells one lock file from the next at the same path.
struct FileIdentity {
  ino_t inode = 0;
  int64_t written_ns = 0;
  int64_t changed_ns = 0;
  bool operator==(const FileIdentity&) const = default;
};

int64_t Nanoseconds(const timespec& time) {
  return time.tv_sec * int64_t{1'000'000'000} + time.tv_nsec;
}

// False when there is no such file. FAILED_PRECONDITION when it is no regular file.
StatusOr<bool> Identify(const std::string& path, FileIdentity* identity, milliseconds* age) {
  struct stat info{};
  if (::lstat(path.c_str(), &info) != 0) {
    if (errno == ENOENT || errno == ENOTDIR) return false;
    return ErrnoStatus(errno, "cannot look at ", path);
  }
  if (!S_ISREG(info.st_mode)) return FailedPrecondition(path, " is in the way; remove it");
  identity->inode = info.st_ino;
  identity->written_ns = Nanoseconds(info.st_mtim);
  identity->changed_ns = Nanoseconds(info.st_ctim);
  timespec now{};
  ::clock_gettime(CLOCK_REALTIME, &now);
  *age = milliseconds((Nanoseconds(now) - identity->written_ns) / 1'000'000);
  return true;
}

bool IsLocked(const ProcessResult& result) { return Contains(result.err, ".lock': File exists"); }

// As a git killed between writing the lock and renaming it.
[[noreturn]] void TearRef(const std::string& path, const CommitId& commit) {
  MakeDirs(DirName(path), 0755).IgnoreError();
  WriteFile(path + ".lock", commit.substr(0, commit.size() / 2), 0644).IgnoreError();
  CrashNow();
}

}  // namespace

std::string RefsGuardPath(const std::string& parent, const std::string& common_dir) {
  return JoinPath(parent, StrCat("refs-", Sha256Hex(common_dir).substr(0, 16), ".lock"));
}

Status Refs::Update(const Context& ctx, const std::string& ref, const CommitId& old_commit,
                    const CommitId& new_commit) const {
  RETURN_IF_ERROR(CheckWritableRef(ref, old_commit.empty()));
  if (!IsObjectId(new_commit, options_.object_format) ||
      (!old_commit.empty() && !IsObjectId(old_commit, options_.object_format))) {
    return InvalidArgument("ref ", ref, ": old and new must be full commit ids");
  }
  RETURN_IF_ERROR(CheckNoLinks(ref));
  const bool branch = ref.substr(0, 11) == "refs/heads/";
  if (const Status checked = CheckNotCheckedOut(ref); branch && !checked.ok()) {
    ASSIGN_OR_RETURN(const CommitId current, Read(ctx, ref));
    return current == new_commit ? SyncRef(options_.common_dir, ref) : checked;
  }
  const CrashMoment crash = CrashPointsActive()
                                ? PassCrashPoint(branch ? "effect#branch" : "effect#ref")
                                : CrashMoment::kNone;
  if (crash == CrashMoment::kBefore) CrashNow();
  if (crash == CrashMoment::kTorn) TearRef(JoinPath(options_.common_dir, ref), new_commit);

  const std::string expected =
      old_commit.empty() ? std::string(new_commit.size(), '0') : old_commit;
  ASSIGN_OR_RETURN(const ProcessResult result,
                   UpdateRef(ctx, ref, {"--no-deref", ref, new_commit, expected}));
  if (result.exit_code != 0) {
    ASSIGN_OR_RETURN(const CommitId current, Read(ctx, ref));
    if (current != new_commit) {
      if (IsLocked(result)) return Unavailable("ref ", ref, " stays locked by another git process");
      if (Contains(result.err, "exists; cannot create")) {
        return FailedPrecondition("cannot create ", ref, " beside a ref that stands in its way: ",
                                  EscapeForTerminal(TrimWhitespace(result.err)),
                                  "; rename that one (git branch -m)");
      }
      if (current == old_commit) return GitFailure(StrCat("update ref ", ref), result);
      return Aborted("ref ", ref, " is at ", current.empty() ? "nothing" : current, ", expected ",
                     old_commit.empty() ? "nothing" : old_commit);
    }
  }
  RETURN_IF_ERROR(SyncRef(options_.common_dir, ref));
  if (crash == CrashMoment::kAfter) CrashNow();
  return absl::OkStatus();
}

Status Refs::FastForward(const Context& ctx, const std::string& ref, const CommitId& old_commit,
                         const CommitId& new_commit) const {
  if (!ref.starts_with("refs/heads/") || !IsRefName(ref)) {
    return InvalidArgument("'", EscapeForTerminal(ref.substr(0, kNameBytesMax)), "' is no branch");
  }
  if (!IsObjectId(old_commit, options_.object_format) ||
      !IsObjectId(new_commit, options_.object_format)) {
    return InvalidArgument("ref ", ref, ": old and new must be full commit ids");
  }
  ASSIGN_OR_RETURN(const bool forward, git_.IsAncestor(ctx, old_commit, new_commit));
  if (!forward) {
    return InvalidArgument("ref ", ref, ": ", new_commit, " does not follow ", old_commit);
  }
  RETURN_IF_ERROR(CheckNoLinks(ref));
  ASSIGN_OR_RETURN(CommitId current, Read(ctx, ref));
  if (!current.empty()) {
    ASSIGN_OR_RETURN(const bool done, git_.IsAncestor(ctx, new_commit, current));
    if (done) return SyncRef(options_.common_dir, ref);
  }
  RETURN_IF_ERROR(CheckNotInUse(ref));
  const CrashMoment crash =
      CrashPointsActive() ? PassCrashPoint("effect#branch") : CrashMoment::kNone;
  if (crash == CrashMoment::kBefore || crash == CrashMoment::kTorn) CrashNow();
  ASSIGN_OR_RETURN(const ProcessResult result,
                   UpdateRef(ctx, ref, {"--no-deref", ref, new_commit, old_commit}));
  if (result.exit_code != 0) {
    ASSIGN_OR_RETURN(current, Read(ctx, ref));
    if (IsLocked(result)) {
      return Unavailable("branch ", ref, " stays locked: if no git is at work, remove ",
                         Shown(JoinPath(options_.common_dir, ref + ".lock")));
    }
    if (current == old_commit) return GitFailure(StrCat("update ref ", ref), result);
    return Aborted("ref ", ref, " is at ", current.empty() ? "nothing" : current, ", expected ",
                   old_commit);
  }
  RETURN_IF_ERROR(SyncRef(options_.common_dir, ref));
  if (crash == CrashMoment::kAfter) CrashNow();
  return absl::OkStatus();
}

Status Refs::Delete(const Context& ctx, const std::string& ref, const CommitId& commit) const {
  if (!ref.starts_with("refs/heads/")) return InvalidArgument(ref, " is no branch");
  RETURN_IF_ERROR(CheckWritableRef(ref, /*creates=*/true));
  if (!IsObjectId(commit, options_.object_format)) {
    return InvalidArgument("ref ", ref, ": '", EscapeForTerminal(commit), "' is no full commit id");
  }
  RETURN_IF_ERROR(CheckNoLinks(ref));
  ASSIGN_OR_RETURN(CommitId current, Read(ctx, ref));
  if (current.empty()) return absl::OkStatus();
  RETURN_IF_ERROR(CheckNotInUse(ref));
  ASSIGN_OR_RETURN(const ProcessResult result,
                   UpdateRef(ctx, ref, {"--no-deref", "-d", ref, commit}));
  if (result.exit_code == 0) return absl::OkStatus();
  ASSIGN_OR_RETURN(current, Read(ctx, ref));
  if (current.empty()) return absl::OkStatus();
  if (IsLocked(result)) return Unavailable("ref ", ref, " stays locked by another git process");
  if (current == commit) return GitFailure(StrCat("delete ref ", ref), result);
  return Aborted("ref ", ref, " is at ", current, ", expected ", commit);
}

Status Refs::DropPins(const Context& ctx,
                      const std::vector<std::pair<std::string, CommitId>>& pins) const {
  constexpr size_t kDropMax = 256;
  ASSIGN_OR_RETURN(const std::string listing,
                   git_.Output(ctx, "list the pinned refs",
                               {.args = {"for-each-ref", "--format=%(refname) %(objectname)",
                                         "refs/coditect/"}}));
  const std::vector<std::string> lines = Split(listing, '\n');
  const std::set<std::string> there(lines.begin(), lines.end());
  for (size_t done = 0; done < pins.size();) {
    std::string commands;
    for (size_t end = std::min(pins.size(), done + kDropMax); done < end; ++done) {
      const auto& [ref, commit] = pins[done];
      RETURN_IF_ERROR(CheckWritableRef(ref, /*creates=*/false));
      if (!IsObjectId(commit, options_.object_format)) {
        return InvalidArgument("ref ", ref, ": '", EscapeForTerminal(commit),
                               "' is no full commit id");
      }
      RETURN_IF_ERROR(CheckNoLinks(ref));
      // One transaction is all or nothing: a ref that moved must not keep the others.
      if (there.contains(StrCat(ref, " ", commit))) {
        commands += StrCat("delete ", ref, " ", commit, "\n");
      }
    }
    if (commands.empty()) continue;
    const Status dropped = WithCrashPoint("effect#refs_dropped", [&]() -> Status {
      ASSIGN_OR_RETURN(const UniqueFd guard, Guard(ctx, LOCK_SH));
      GitCall call{.args = {"update-ref", "--no-deref", "--stdin"}, .stdin_bytes = commands};
      call.inherited_fd = guard.get();
      ASSIGN_OR_RETURN(const ProcessResult result, git_.Run(ctx, call));
      if (result.exit_code == 0) return absl::OkStatus();
      if (IsLocked(result)) return Unavailable("a ref stays locked by another git process");
      return GitFailure("drop refs of runs", result);
    });
    RETURN_IF_ERROR(dropped);
  }
  return absl::OkStatus();
}

// Again as long as somebody else has the lock, within bounds.
StatusOr<ProcessResult> Refs::UpdateRef(const Context& ctx, const std::string& ref,
                                        const std::vector<std::string>& args) const {
  GitCall call{.args = {"update-ref"}};
  call.args.insert(call.args.end(), args.begin(), args.end());
  for (int attempt = 1;; ++attempt) {
    ProcessResult result;
    {
      ASSIGN_OR_RETURN(const UniqueFd guard, Guard(ctx, LOCK_SH));
      call.inherited_fd = guard.get();
      ASSIGN_OR_RETURN(result, git_.Run(ctx, call));
    }
    if (result.exit_code == 0 || !IsLocked(result) || attempt == kUpdateAttemptsMax) return result;
    if (!CheckWritableRef(ref, /*creates=*/true).ok()) {
      RETURN_IF_ERROR(Pause(ctx, kForeignLockPause));  // somebody's own: it is theirs to let go
      continue;
    }
    RETURN_IF_ERROR(WaitForLock(ctx, JoinPath(options_.common_dir, ref + ".lock")));
  }
}

StatusOr<CommitId> Refs::Read(const Context& ctx, const std::string& ref) const {
  // Lists `ref` and, were it a folder, what is below it.
  ASSIGN_OR_RETURN(
      const std::string listing,
      git_.Output(ctx, StrCat("read ref ", ref),
                  {.args = {"for-each-ref", "--format=%(refname) %(objectname) %(symref)", ref}}));
  for (const std::string& line : Split(listing, '\n')) {
    const std::vector<std::string> fields = Split(line, ' ');
    if (fields.size() < 3 || fields[0] != ref) continue;
    if (fields[2].empty()) return fields[1];
    return FailedPrecondition("ref ", ref, " is a symbolic ref, not ours; remove it");
  }
  return CommitId();
}

// Until the lock at `lock_path` is gone: let go by its owner, or stale and removed here.
Status Refs::WaitForLock(const Context& ctx, const std::string& lock_path) const {
  const auto give_up = steady_clock::now() + kLockWaitMax;
  FileIdentity watched;
  auto watched_since = steady_clock::now();
  while (steady_clock::now() < give_up) {
    FileIdentity now;
    milliseconds age{0};
    ASSIGN_OR_RETURN(const bool present, Identify(lock_path, &now, &age));
    if (!present) return absl::OkStatus();
    if (now != watched) {
      watched = now;
      watched_since = steady_clock::now();
    }
    if (age >= options_.lock_stale_age ||
        steady_clock::now() - watched_since >= options_.lock_stale_age) {
      ASSIGN_OR_RETURN(const UniqueFd guard, Guard(ctx, LOCK_EX));
      ASSIGN_OR_RETURN(const bool still, Identify(lock_path, &now, &age));
      if (!still) return absl::OkStatus();
      if (now == watched) {
        if (::unlink(lock_path.c_str()) == 0 || errno == ENOENT) return absl::OkStatus();
        return ErrnoStatus(errno, "cannot remove the stale lock ", lock_path);
      }
    }
    RETURN_IF_ERROR(Pause(ctx, kLockPoll));
  }
  return absl::OkStatus();
}

StatusOr<UniqueFd> Refs::Guard(const Context& ctx, int operation) const {
  UniqueFd fd =
      HighFd(UniqueFd(::open(options_.guard_path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600)));
  if (!fd.valid()) return ErrnoStatus(errno, "cannot open ", options_.guard_path);
  while (::flock(fd.get(), operation | LOCK_NB) != 0) {
    if (errno != EWOULDBLOCK && errno != EINTR)
      return ErrnoStatus(errno, "cannot lock ", options_.guard_path);
    RETURN_IF_ERROR(Pause(ctx, kLockPoll));
  }
  return fd;
}

// Of every work tree.
std::vector<std::string> Refs::GitDirs() const {
  std::vector<std::string> folders = {options_.common_dir};
  const std::string worktrees = JoinPath(options_.common_dir, "worktrees");
  if (const StatusOr<std::vector<std::string>> names = ListDir(worktrees); names.ok()) {
    for (const std::string& name : *names) folders.push_back(JoinPath(worktrees, name));
  }
  return folders;
}

// A branch that is a work tree's HEAD must not appear under it: its index would differ at once.
Status Refs::CheckNotCheckedOut(const std::string& ref) const {
  const std::string folder = HeadUserOf(ref);
  if (folder.empty()) return absl::OkStatus();
  return FailedPrecondition("branch ", ref, " is checked out (", folder,
                            "): switch that work tree to another branch first");
}

std::string Refs::HeadUserOf(const std::string& ref) const {
  for (const std::string& folder : GitDirs()) {
    if (ReadHead(JoinPath(folder, "HEAD"), options_.object_format) == ref) return folder;
  }
  return "";
}

// While it rebases or bisects a branch, a work tree's HEAD is detached and the branch's name is
// kept aside.
Status Refs::CheckNotInUse(const std::string& ref) const {
  RETURN_IF_ERROR(CheckNotCheckedOut(ref));
  const std::string folder = UserOf(ref);
  if (folder.empty()) return absl::OkStatus();
  return FailedPrecondition("branch ", ref, " is being rebased or bisected (", folder,
                            "): end that first");
}

std::string Refs::UserOf(const std::string& ref) const {
  constexpr size_t kNameFileBytesMax = 8192;
  if (std::string folder = HeadUserOf(ref); !folder.empty()) return folder;
  const std::string name = ref.substr(std::string_view("refs/heads/").size());
  for (const std::string& folder : GitDirs()) {
    for (const char* file : {"rebase-merge/head-name", "rebase-apply/head-name", "BISECT_START"}) {
      const StatusOr<std::string> kept = ReadFile(JoinPath(folder, file), kNameFileBytesMax);
      const std::string_view used = kept.ok() ? TrimWhitespace(*kept) : std::string_view();
      if (used == ref || used == name) return folder;
    }
  }
  return "";
}

// A link below refs would carry our writes to wherever it points.
Status Refs::CheckNoLinks(const std::string& ref) const {
  for (size_t at = ref.find('/'); at != std::string::npos; at = ref.find('/', at + 1)) {
    const std::string folder = JoinPath(options_.common_dir, ref.substr(0, at));
    struct stat info{};
    if (::lstat(folder.c_str(), &info) != 0) break;
    if (S_ISLNK(info.st_mode)) {
      return FailedPrecondition(folder, " is a symbolic link: coditect does not write through it");
    }
  }
  return absl::OkStatus();
}

Status Refs::Sweep() const {
  const UniqueFd guard(::open(options_.guard_path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600));
  if (!guard.valid()) return ErrnoStatus(errno, "cannot open ", options_.guard_path);
  // Busy: somebody of ours is at work here, who meets a stale lock by himself.
  if (::flock(guard.get(), LOCK_EX | LOCK_NB) != 0) return absl::OkStatus();
  size_t visited = 0;
  for (const char* top : {"refs/coditect", "refs/heads/coditect"}) {
    RETURN_IF_ERROR(CheckNoLinks(StrCat(top, "/x")));
    RETURN_IF_ERROR(SweepFolder(JoinPath(options_.common_dir, top), 0, &visited));
  }
  return absl::OkStatus();
}

Status Refs::SweepFolder(const std::string& folder, int depth, size_t* visited) const {
  const StatusOr<std::vector<std::string>> names = ListDir(folder);
  if (!names.ok() || depth > kSweepDepthMax) return absl::OkStatus();
  constexpr std::string_view kSuffix = ".lock";
  for (const std::string& name : *names) {
    if (++*visited > kSweepEntriesMax) return absl::OkStatus();
    const std::string path = JoinPath(folder, name);
    struct stat info{};
    if (::lstat(path.c_str(), &info) != 0) continue;
    if (S_ISDIR(info.st_mode)) {
      RETURN_IF_ERROR(SweepFolder(path, depth + 1, visited));
      continue;
    }
    const bool lock =
        name.size() > kSuffix.size() && name.substr(name.size() - kSuffix.size()) == kSuffix;
    FileIdentity identity;
    milliseconds age{0};
    if (!lock || !S_ISREG(info.st_mode)) continue;
    ASSIGN_OR_RETURN(const bool present, Identify(path, &identity, &age));
    if (present && age >= options_.lock_stale_age && ::unlink(path.c_str()) != 0 &&
        errno != ENOENT) {
      return ErrnoStatus(errno, "cannot remove the stale lock ", path);
    }
  }
  return absl::OkStatus();
}

}  // namespace coditect::git
