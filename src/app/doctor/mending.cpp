// `coditect doctor --fix`.
#include "src/app/doctor/mending.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <functional>
#include <optional>

#include "src/app/bootstrap.h"
#include "src/app/owner_lock.h"
#include "src/base/file.h"
#include "src/base/unique_fd.h"

namespace coditect {
namespace {

constexpr size_t kLockBytesMax = 64;
constexpr int kDamagedMax = 1000;

bool IsHeld(const std::string& lock) {
  const UniqueFd fd(::open(lock.c_str(), O_RDWR | O_CLOEXEC | O_NOFOLLOW));
  return fd.valid() && ::flock(fd.get(), LOCK_SH | LOCK_NB) != 0 && errno == EWOULDBLOCK;
}

class Mender {
 public:
  Mender(const std::map<std::string, std::string>& environment, bool dry_run)
      : environment_(environment), dry_run_(dry_run) {}

  std::vector<Mended> Run() {
    const auto paths = FindStatePaths(environment_);
    if (!paths.ok()) {
      rows_.push_back({"find the state folder", "failed", Message(paths.status())});
      return std::move(rows_);
    }
    paths_ = *paths;
    for (const std::string* folder :
         {&paths_.state, &paths_.blobs, &paths_.work, &paths_.support}) {
      MendFolder(*folder);
    }
    if (PathExists(paths_.work)) MendLeftovers();
    if (PathExists(paths_.telemetry)) MendTelemetry();
    return std::move(rows_);
  }

 private:
  void Do(std::string action, const std::function<Status()>& act) {
    if (dry_run_) {
      rows_.push_back({std::move(action), "would", ""});
      return;
    }
    const Status done = act();
    rows_.push_back({std::move(action), done.ok() ? "done" : "failed", Message(done)});
  }

  void MendFolder(const std::string& folder) {
    struct stat info{};
    if (::lstat(folder.c_str(), &info) != 0) {
      Do(StrCat("make ", folder), [&] { return MakeDirs(folder); });
      return;
    }
    constexpr mode_t kOpen = 0066;  // others may pass through, not list and not write
    if (!S_ISDIR(info.st_mode) || (info.st_mode & kOpen) == 0) return;
    const std::string action = StrCat("close ", folder, " to others");
    if (info.st_uid != ::geteuid()) {
      rows_.push_back({action, "left", StrCat("it belongs to user ", info.st_uid)});
      return;
    }
    Do(action, [&]() -> Status {
      if (::chmod(folder.c_str(), info.st_mode & 07777 & ~kOpen) != 0) {
        return ErrnoStatus(errno, "cannot change ", folder);
      }
      return absl::OkStatus();
    });
  }

  /// What is below work and nobody alive owns.
  std::vector<std::string> Leftovers() const {
    std::vector<std::string> found;
    const auto names = ListDir(paths_.work);
    if (!names.ok()) return found;
    for (const std::string& name : *names) {
      if (name == "lock" || name == "users") continue;
      const std::string folder = JoinPath(paths_.work, name);
      if (!IsHeld(JoinPath(folder, "lock"))) found.push_back(folder);
    }
    return found;
  }

  void MendLeftovers() {
    const std::string dead(
        TrimWhitespace(ReadFile(paths_.lock, kLockBytesMax).value_or(std::string())));
    if (const int owner = OwnerProcess(paths_.lock); owner != 0) {
      rows_.push_back({"look for leftovers", "left", StrCat("process ", owner, " is at work")});
      return;
    }
    std::optional<UniqueFd> lock;
    if (!dry_run_) {
      auto taken = TakeOwnerLock(paths_.lock);
      if (!taken.ok()) {
        rows_.push_back({"take the owner's lock", "failed", Message(taken.status())});
        return;
      }
      lock = *std::move(taken);
    }
    if (!dead.empty()) {
      Do(StrCat("clear ", paths_.lock, " of process ", dead, ", which is gone"),
         [] { return absl::OkStatus(); });
    }
    if (PathExists(paths_.socket)) {
      Do(StrCat("remove the socket ", paths_.socket), [&] { return RemoveTree(paths_.socket); });
    }
    Sweep();
    // The lock's file stays, for whoever waits for it: without a process in it.
    if (lock.has_value() && ::ftruncate(lock->get(), 0) != 0) {
      rows_.push_back({StrCat("clear ", paths_.lock), "failed", "it could not be written"});
    }
  }

  void Sweep() {
    const std::vector<std::string> before = Leftovers();
    if (before.empty()) return;
    Status swept = absl::OkStatus();
    if (!dry_run_) {
      const auto sandbox = MakeSandbox(paths_, "process", "");
      swept = sandbox.ok() ? (*sandbox)->Sweep(Context()) : sandbox.status();
    }
    for (const std::string& folder : before) {
      Do(StrCat("remove the leftover ", folder), [&]() -> Status {
        if (!PathExists(folder)) return absl::OkStatus();
        if (BaseName(folder).starts_with("base-")) return RemoveTree(folder);
        RETURN_IF_ERROR(swept);
        return FailedPrecondition("nothing of ours is known there; look at it yourself");
      });
    }
  }

  void MendTelemetry() {
    const SystemClock clock;
    const auto bus = OpenTelemetry(paths_, "", /*read_only=*/true, clock);
    const auto events =
        bus.ok() ? (*bus)->Read(Context(), "") : StatusOr<std::vector<BusEvent>>(bus.status());
    if (events.ok() || !absl::IsDataLoss(events.status())) return;
    std::string aside;
    for (int i = 1; i < kDamagedMax; ++i) {
      aside = StrCat(paths_.telemetry, ".damaged-", i);
      if (!PathExists(aside)) break;
    }
    Do(StrCat("set ", paths_.telemetry, " aside as ", BaseName(aside)), [&]() -> Status {
      for (const char* part : {"", "-wal", "-shm"}) {
        const std::string from = paths_.telemetry + part;
        if (::rename(from.c_str(), (aside + part).c_str()) != 0 && errno != ENOENT) {
          return ErrnoStatus(errno, "cannot rename ", from);
        }
      }
      return SyncFolder(paths_.state);
    });
  }

  const std::map<std::string, std::string>& environment_;
  const bool dry_run_;
  StatePaths paths_;
  std::vector<Mended> rows_;
};

}  // namespace

std::vector<Mended> Mend(const std::map<std::string, std::string>& environment, bool dry_run) {
  return Mender(environment, dry_run).Run();
}

}  // namespace coditect
