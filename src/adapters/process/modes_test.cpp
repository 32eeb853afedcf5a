// The suites again: "any mode" on private copies, "any mode" and "any user" as an ordinary user.
#include <doctest/doctest.h>
#include <sys/stat.h>
#include <unistd.h>

#include "src/adapters/process/test_bench.h"

namespace coditect::process {
namespace {

constexpr unsigned kOrdinaryUser = 4242;
const std::vector<std::string> kAnyMode = {"--test-suite=any mode"};
const std::vector<std::string> kAnyUser = {"--test-suite=any mode,any user"};

// A home of mode 0700 that belongs to the ordinary user.
std::string MakeHome(const ScratchFolder& parent) {
  const std::string home = parent.path() + "/ann";
  REQUIRE(::chmod(parent.path().c_str(), 0711) == 0);
  REQUIRE(::mkdir(home.c_str(), 0700) == 0);
  REQUIRE(::chown(home.c_str(), kOrdinaryUser, kOrdinaryUser) == 0);
  return home;
}

}  // namespace

TEST_CASE("EveryRuleHoldsOnPrivateCopies") {
  const ScratchFolder scratch;
  CHECK_EQ(RunTestsAgain(kAnyMode, 0, scratch.path(), /*copy_mode=*/true), 0);
}

TEST_CASE("EveryRuleHoldsForAnOrdinaryUser") {
  if (::geteuid() != 0) return;  // then this very run is the ordinary user's
  const ScratchFolder scratch("/home");
  CHECK_EQ(RunTestsAgain(kAnyUser, kOrdinaryUser, MakeHome(scratch), /*copy_mode=*/false), 0);
}

TEST_CASE("EveryRuleHoldsForAnOrdinaryUserOnPrivateCopies") {
  if (::geteuid() != 0) return;
  const ScratchFolder scratch("/home");
  CHECK_EQ(RunTestsAgain(kAnyMode, kOrdinaryUser, MakeHome(scratch), /*copy_mode=*/true), 0);
}

}  // namespace coditect::process
