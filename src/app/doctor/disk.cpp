// doctor: space, inodes, the price of fsync, the clock.
#include <fcntl.h>
#include <sys/statvfs.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <chrono>

#include "src/app/doctor/examination.h"
#include "src/app/journal.h"
#include "src/app/ledger_tail.h"
#include "src/base/file.h"
#include "src/base/unique_fd.h"

namespace coditect {
namespace {

constexpr uint64_t kFreeMibWanted = 1024;
constexpr uint64_t kFreeInodesWanted = 50'000;
constexpr size_t kSyncs = 20;
constexpr int64_t kSyncUsWanted = 50'000;
/// 2024-01-01: no clock that is right shows less.
constexpr int64_t kWallMsMin = 1'704'067'200'000;
constexpr int64_t kDriftMsMax = 60'000;

void CheckSpace(const std::string& folder, CheckList& rows) {
  struct statvfs disk{};
  if (::statvfs(folder.c_str(), &disk) != 0) {
    rows.Warn("space", StrCat("cannot look at ", folder), "");
    return;
  }
  const uint64_t free_mib = disk.f_bavail * disk.f_frsize >> 20;
  const std::string shown = StrCat(free_mib, " MiB free of ", disk.f_blocks * disk.f_frsize >> 20);
  if (free_mib >= kFreeMibWanted) {
    rows.Ok("space", shown);
  } else {
    rows.Warn("space", shown, "free some space, or set CODITECT_STATE_DIR to another disk");
  }
  // Some file systems make inodes as they go and report none.
  if (disk.f_files == 0 || disk.f_favail >= kFreeInodesWanted) {
    rows.Ok("inodes", disk.f_files == 0 ? "made as needed" : StrCat(disk.f_favail, " free"));
  } else {
    rows.Warn("inodes", StrCat("only ", disk.f_favail, " free"),
              "remove trees of small files, or set CODITECT_STATE_DIR to another disk");
  }
}

void CheckSync(const std::string& folder, CheckList& rows) {
  const std::string path = JoinPath(folder, "fsync");
  const UniqueFd fd(::open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600));
  std::array<int64_t, kSyncs> times{};
  const std::string page(4096, 'x');
  bool failed = !fd.valid();
  for (size_t i = 0; i < kSyncs && !failed; ++i) {
    const auto begin = std::chrono::steady_clock::now();
    failed = !WriteAll(fd.get(), page, path).ok() || ::fdatasync(fd.get()) != 0;
    times[i] = std::chrono::duration_cast<std::chrono::microseconds>(
                   std::chrono::steady_clock::now() - begin)
                   .count();
  }
  if (failed) {
    rows.Fail("fsync", "a file of the state folder could not be written and synced",
              "check the disk (`dmesg`), or set CODITECT_STATE_DIR to another");
    return;
  }
  std::sort(times.begin(), times.end());
  const int64_t median = times[kSyncs / 2];
  const std::string shown =
      StrCat("p50 of ", kSyncs, " is ", median, " us, the slowest ", times.back(), " us");
  if (median <= kSyncUsWanted) {
    rows.Ok("fsync", shown);
  } else {
    rows.Warn("fsync", shown, "set CODITECT_STATE_DIR to a faster disk: each step waits for one");
  }
}

void CheckClock(const Patient& patient, CheckList& rows) {
  const SystemClock clock;
  const int64_t now = clock.WallMs();
  int64_t newest = 0;
  if (patient.paths.has_value() && PathExists(patient.paths->ledger)) {
    const auto tail = OpenLedgerTail(*patient.paths);
    if (tail.ok() && (*tail)->Advance(Context()).ok()) newest = (*tail)->state().wall_ms;
  }
  const std::string fix = "set the clock: `sudo timedatectl set-ntp true`";
  if (now < kWallMsMin) {
    rows.Warn("clock", StrCat(Timestamp(now), " is in the past"), fix);
  } else if (newest > now + kDriftMsMax) {
    rows.Warn(
        "clock",
        StrCat(Timestamp(now), " is before the last event of the ledger, ", Timestamp(newest)),
        fix);
  } else {
    rows.Ok("clock", Timestamp(now));
  }
}

}  // namespace

void CheckDisk(const Patient& patient, CheckList rows) {
  if (patient.paths.has_value()) CheckSpace(patient.paths->state, rows);
  if (!patient.scratch.empty()) CheckSync(patient.scratch, rows);
  CheckClock(patient, rows);
}

}  // namespace coditect
