// Landlock by its three system calls, handling every right the running kernel knows.
#include "src/adapters/process/landlock.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/landlock.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cstdint>

#include "src/base/unique_fd.h"

namespace coditect::process {
namespace {

// Rights younger than Debian 12's header.
constexpr uint64_t kTruncate = 1ULL << 14;       // version 3
constexpr uint64_t kDeviceControl = 1ULL << 15;  // version 5
constexpr uint64_t kScopeAll = 3;                // version 6: abstract sockets, signals

struct RulesetAttributes {
  uint64_t handled_access_fs;
  uint64_t handled_access_net;
  uint64_t scoped;
};

uint64_t HandledRights(int version) {
  uint64_t rights = (LANDLOCK_ACCESS_FS_MAKE_SYM << 1) - 1;
  if (version >= 2) rights |= LANDLOCK_ACCESS_FS_REFER;
  if (version >= 3) rights |= kTruncate;
  if (version >= 5) rights |= kDeviceControl;
  return rights;
}

size_t AttributesSize(int version) {
  if (version >= 6) return sizeof(RulesetAttributes);
  return version >= 4 ? 16 : 8;
}

Status Allow(int ruleset, const std::string& path, uint64_t rights) {
  UniqueFd fd(::open(path.c_str(), O_PATH | O_CLOEXEC));
  if (!fd.valid()) return ErrnoStatus(errno, "cannot open ", path);
  landlock_path_beneath_attr rule{};
  rule.allowed_access = rights;
  rule.parent_fd = fd.get();
  if (::syscall(SYS_landlock_add_rule, ruleset, LANDLOCK_RULE_PATH_BENEATH, &rule, 0) != 0) {
    return ErrnoStatus(errno, "cannot allow ", path, " by Landlock");
  }
  return absl::OkStatus();
}

}  // namespace

int LandlockVersion() {
  const long version =
      ::syscall(SYS_landlock_create_ruleset, nullptr, 0, LANDLOCK_CREATE_RULESET_VERSION);
  return version < 0 ? 0 : static_cast<int>(version);
}

Status RestrictByLandlock(const std::vector<std::string>& writable) {
  const int version = LandlockVersion();
  if (version == 0) return absl::OkStatus();
  const uint64_t all = HandledRights(version);
  RulesetAttributes attributes{all, 0, version >= 6 ? kScopeAll : 0};
  UniqueFd ruleset(static_cast<int>(
      ::syscall(SYS_landlock_create_ruleset, &attributes, AttributesSize(version), 0)));
  if (!ruleset.valid()) return ErrnoStatus(errno, "cannot make a Landlock ruleset");
  constexpr uint64_t kRead =
      LANDLOCK_ACCESS_FS_EXECUTE | LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_READ_DIR;
  const uint64_t change = LANDLOCK_ACCESS_FS_WRITE_FILE | ((kTruncate | kDeviceControl) & all);
  RETURN_IF_ERROR(Allow(ruleset.get(), "/", kRead));
  RETURN_IF_ERROR(Allow(ruleset.get(), "/dev", kRead | change));
  RETURN_IF_ERROR(Allow(ruleset.get(), "/proc", kRead | change));
  for (const std::string& path : writable) RETURN_IF_ERROR(Allow(ruleset.get(), path, all));
  if (::syscall(SYS_landlock_restrict_self, ruleset.get(), 0) != 0) {
    return ErrnoStatus(errno, "cannot enter the Landlock ruleset");
  }
  return absl::OkStatus();
}

}  // namespace coditect::process
