// The suites again: "any mode" on private copies, "any mode" and "any user" as an ordinary user.
#include <doctest/doctest.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "src/adapters/process/test_bench.h"
#include "src/base/file.h"

namespace coditect::process {
namespace {

constexpr unsigned kOrdinaryUser = 4242;

// A home of mode 0700 that belongs to the ordinary user.
std::string MakeHome(const std::string& path) {
  REQUIRE(::mkdir(path.c_str(), 0700) == 0);
  REQUIRE(::chown(path.c_str(), kOrdinaryUser, kOrdinaryUser) == 0);
  return path;
}

}  // namespace

TEST_CASE("EveryRuleHoldsOnPrivateCopiesAndForAnOrdinaryUser") {
  // All at once: most of their time is waiting.
  const ScratchFolder scratch;
  std::vector<pid_t> runs;
  const auto start = [&](const std::string& suites, const TestRun& run) {
    runs.push_back(StartTestsAgain(suites, run, StrCat(scratch.path(), "/output-", runs.size())));
  };
  start("any mode", {.home = scratch.path(), .copy_mode = true});
  const bool as_root = ::geteuid() == 0;  // otherwise this very run is the ordinary user's
  const ScratchFolder homes(as_root ? "/home" : "");
  if (as_root) {
    REQUIRE(::chmod(homes.path().c_str(), 0711) == 0);
    const std::string ann = MakeHome(homes.path() + "/ann");
    start("any mode,any user", {.uid = kOrdinaryUser, .home = ann});
    const std::string bob = MakeHome(homes.path() + "/bob");
    start("any mode", {.uid = kOrdinaryUser, .home = bob, .copy_mode = true});
  }
  for (size_t i = 0; i < runs.size(); ++i) {
    int status = -1;
    CHECK_EQ(::waitpid(runs[i], &status, 0), runs[i]);
    INFO("run ", i, ": ", ReadFile(StrCat(scratch.path(), "/output-", i)).value_or(""));
    CHECK_EQ(status, 0);
  }
}

}  // namespace coditect::process
