// Defaults and answers shared by all workspaces of a sandbox.
#include "src/adapters/process/core.h"

#include <errno.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "src/adapters/process/tree_copy.h"
#include "src/base/file.h"

namespace coditect::process {
namespace {

template <class Value>
Value FirstSet(Value wanted, Value preset, Value fallback) {
  if (wanted != Value{}) return wanted;
  return preset != Value{} ? preset : fallback;
}

}  // namespace

std::string RungName(Rung rung, bool reflink) {
  switch (rung) {
    case Rung::kOverlay:
      return "overlay";
    case Rung::kOverlayShared:
      return "overlay, lower layers copied";
    case Rung::kOverlayTmpfs:
      return "overlay on tmpfs";
    case Rung::kCopy:
      return reflink ? "copy by reflink" : "copy";
  }
  return "";
}

SandboxLimits Core::LimitsFor(const SandboxLimits& wanted) const {
  using std::chrono::milliseconds;
  const SandboxLimits& preset = options.limits;
  const auto processors = ::sysconf(_SC_NPROCESSORS_ONLN);
  const auto memory = static_cast<uint64_t>(::sysconf(_SC_PHYS_PAGES)) *
                      static_cast<uint64_t>(::sysconf(_SC_PAGESIZE));
  SandboxLimits limits;
  limits.wall = FirstSet<milliseconds>(wanted.wall, preset.wall, std::chrono::minutes(30));
  limits.cpu = FirstSet<milliseconds>(wanted.cpu, preset.cpu, limits.wall * processors);
  limits.memory_bytes =
      FirstSet<uint64_t>(wanted.memory_bytes, preset.memory_bytes, memory / 4 * 3);
  limits.pids = FirstSet<uint32_t>(wanted.pids, preset.pids, 256);
  limits.output_bytes =
      FirstSet<uint64_t>(wanted.output_bytes, preset.output_bytes, uint64_t{64} << 20);
  limits.file_bytes = FirstSet<uint64_t>(wanted.file_bytes, preset.file_bytes, uint64_t{2} << 30);
  return limits;
}

Status Core::CheckDisk() const {
  struct statvfs info{};
  if (::statvfs(owner->folder().c_str(), &info) != 0) {
    return ErrnoStatus(errno, "cannot measure ", owner->folder());
  }
  if (info.f_bavail * info.f_frsize >= options.disk_reserve_bytes) return absl::OkStatus();
  return ResourceExhausted("less than ", options.disk_reserve_bytes >> 20, " MiB are free for ",
                           owner->folder(),
                           "; free some space, or set CODITECT_STATE_DIR to a "
                           "folder on another disk");
}

bool Core::CanIdmap(const std::string& path) {
  if (Lacks(Feature::kIdmap)) return false;
  MutexLock lock(mutex_);
  const auto known = can_idmap_.find(path);
  if (known != can_idmap_.end()) return known->second;
  constexpr size_t kAnswersMax = 1000;
  if (can_idmap_.size() >= kAnswersMax) can_idmap_.clear();
  const bool can = broker->CanIdmap({path, SharedUser(options), SharedUser(options)}).ok();
  return can_idmap_.emplace(path, can).first->second;
}

StatusOr<std::string> Core::SharedCopy(const Context& ctx, const std::string& source) {
  MutexLock lock(copies_mutex_);
  const auto known = copies_.find(source);
  if (known != copies_.end()) return known->second;
  const std::string folder = JoinPath(owner->folder(), owner->NextName("l-"));
  const TreeOwner user{SharedUser(options), SharedUser(options)};
  const Status copied = CopyTree(ctx, source, folder, {.owner = user, .reflink = reflink});
  if (!copied.ok()) {
    (void)!RemoveTree(folder).ok();
    return copied;
  }
  return copies_.emplace(source, folder).first->second;
}

}  // namespace coditect::process
