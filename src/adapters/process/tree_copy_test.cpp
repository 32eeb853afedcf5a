// Rules of private copies.
#include "src/adapters/process/tree_copy.h"

#include <doctest/doctest.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "src/adapters/process/test_bench.h"
#include "src/base/file.h"

namespace coditect::process {

TEST_CASE("ACopyHasContentsModesTimesAndLinks") {
  const ScratchFolder scratch;
  const std::string from = scratch.path() + "/from";
  const std::string to = scratch.path() + "/to";
  Put(from + "/a/run", "#!", 0755);
  Put(from + "/a/read-only/file", "x", 0444);
  Put(from + "/big", std::string(3 << 20, 'b'));
  REQUIRE(::symlink("/etc/passwd", (from + "/link").c_str()) == 0);
  REQUIRE(::link((from + "/big").c_str(), (from + "/hard").c_str()) == 0);
  REQUIRE(::mkfifo((from + "/fifo").c_str(), 0600) == 0);
  const timespec times[2] = {{1'000'000'000, 5}, {1'000'000'000, 7}};
  REQUIRE(::utimensat(AT_FDCWD, (from + "/a/run").c_str(), times, 0) == 0);
  REQUIRE(::chmod((from + "/a/read-only").c_str(), 0555) == 0);
  REQUIRE(CopyTree(TestContext(), from, to, {}).ok());
  struct stat info{};
  REQUIRE(::stat((to + "/a/run").c_str(), &info) == 0);
  CHECK_EQ(info.st_mode & 07777, 0755);
  CHECK_EQ(info.st_mtim.tv_nsec, 7);
  REQUIRE(::stat((to + "/a/read-only").c_str(), &info) == 0);
  CHECK_EQ(info.st_mode & 0777, 0555);
  REQUIRE(::lstat((to + "/link").c_str(), &info) == 0);
  CHECK(S_ISLNK(info.st_mode));
  REQUIRE(::stat((to + "/hard").c_str(), &info) == 0);
  CHECK_EQ(info.st_nlink, 1);
  CHECK_EQ(ReadFile(to + "/big").value(), ReadFile(from + "/big").value());
  CHECK_FALSE(PathExists(to + "/fifo"));
  REQUIRE(::chmod((from + "/a/read-only").c_str(), 0755) == 0);
}

TEST_CASE("CopyingStopsWhenCancelledAndRefusesALinkAsSource") {
  const ScratchFolder scratch;
  Put(scratch.path() + "/from/a", "x");
  Context ctx = TestContext();
  ctx.cancel.Cancel();
  CHECK_EQ(CopyTree(ctx, scratch.path() + "/from", scratch.path() + "/to", {}).code(),
           absl::StatusCode::kCancelled);
  REQUIRE(::symlink("/etc", (scratch.path() + "/link").c_str()) == 0);
  CHECK_FALSE(CopyTree(TestContext(), scratch.path() + "/link", scratch.path() + "/to2", {}).ok());
}

}  // namespace coditect::process
