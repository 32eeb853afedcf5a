// Rules of what a sandbox instance owns.
#include "src/adapters/process/owner.h"

#include <doctest/doctest.h>
#include <sys/stat.h>

#include "src/adapters/process/test_bench.h"
#include "src/base/file.h"

namespace coditect::process {

TEST_CASE("NoTwoOwnersHaveTheSameSandboxUser") {
  const ScratchFolder scratch;
  const std::unique_ptr<Owner> first = Owner::Open(scratch.path()).value();
  std::unique_ptr<Owner> second = Owner::Open(scratch.path()).value();
  CHECK_EQ(first->TakeUser(61001, 3).value(), 61001);
  CHECK_EQ(second->TakeUser(61001, 3).value(), 61002);
  CHECK_EQ(first->TakeUser(61001, 3).value(), 61003);
  CHECK_EQ(second->TakeUser(61001, 3).status().code(), absl::StatusCode::kResourceExhausted);
  first->ReturnUser(61001);
  CHECK_EQ(second->TakeUser(61001, 3).value(), 61001);
  second.reset();  // whatever way an owner ends, its users are free
  CHECK_EQ(first->TakeUser(61001, 3).value(), 61001);
}

TEST_CASE("AnOwnerLeavesNothingBehind") {
  const ScratchFolder scratch;
  {
    const std::unique_ptr<Owner> owner = Owner::Open(scratch.path() + "/new/state").value();
    const std::string folder = owner->NewWorkspaceFolder("r-1/t-2/1-3").value();
    CHECK_EQ(ReadFile(folder + "/label").value(), "r-1/t-2/1-3");
    struct stat info{};
    REQUIRE(::stat(folder.c_str(), &info) == 0);
    CHECK_EQ(info.st_mode & 0777, 0700);
    CHECK_NE(owner->NewWorkspaceFolder("x").value(), folder);
  }
  CHECK_EQ(ListDir(scratch.path() + "/new/state/work").value(),
           std::vector<std::string>{"lock", "users"});
}

TEST_CASE("SweepRemovesFoldersWithoutALivingOwnerOnly") {
  const ScratchFolder scratch;
  const std::unique_ptr<Owner> living = Owner::Open(scratch.path()).value();
  const std::unique_ptr<Owner> sweeper = Owner::Open(scratch.path()).value();
  const std::string work = scratch.path() + "/work";
  Put(work + "/00112233aabbccdd/w-1/u/file", "x");
  Put(work + "/00112233aabbccdd/lock", "");
  Put(work + "/never-finished/w-1/w/work/x", "x", 0000);
  REQUIRE(::chmod((work + "/never-finished/w-1/w/work").c_str(), 0000) == 0);
  CHECK(sweeper->Sweep(TestContext()).ok());
  CHECK_EQ(ListDir(work).value().size(), 4);  // two owners, lock, users
  CHECK(PathExists(living->folder()));
  Context ctx = TestContext();
  ctx.cancel.Cancel();
  CHECK_EQ(sweeper->Sweep(ctx).code(), absl::StatusCode::kCancelled);
}

}  // namespace coditect::process
