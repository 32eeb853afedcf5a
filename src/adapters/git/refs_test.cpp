// Rules of moving refs.
#include "src/adapters/git/refs.h"

#include <sys/file.h>

#include <thread>

#include "src/adapters/git/testing.h"

namespace coditect::git {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

const Context kCtx;
constexpr char kPin[] = "refs/coditect/r/1/1-1";
constexpr char kBranch[] = "refs/heads/coditect/r";

struct Fixture {
  TestRepository repo;
  CommitId a = repo.CommitAll("a");
  CommitId b = repo.CommitAll("b");
  CommitId c = repo.CommitAll("c");
  std::unique_ptr<GitDir> git = Ok(GitDir::Create({.program = Ok(GitProgram::Find(kCtx)),
                                                   .parent = repo.folder().Sub("state"),
                                                   .label = "test",
                                                   .common_dir = repo.File(".git")}));
  Refs refs = MakeRefs(kLockStaleAge);

  Refs MakeRefs(milliseconds stale_age) const {
    return Refs(*git, {.common_dir = repo.File(".git"),
                       .object_format = "sha1",
                       .guard_path = repo.folder().Sub("guard"),
                       .lock_stale_age = stale_age});
  }
  std::string Value(const std::string& ref) const {
    return std::string(TrimWhitespace(repo.TryGit({"rev-parse", "--verify", "--quiet", ref}).out));
  }
  std::string Lock(const std::string& ref) const {
    return repo.File(StrCat(".git/", ref, ".lock"));
  }
  // As a git killed `age` ago left it; negative: the clock was set back since.
  void LeaveLock(const std::string& ref, seconds age) const {
    Ok(MakeDirs(DirName(Lock(ref)), 0755));
    Ok(WriteFile(Lock(ref), "12345", 0644));
    timespec times[2] = {};
    ::clock_gettime(CLOCK_REALTIME, &times[0]);
    times[0].tv_sec -= age.count();
    times[1] = times[0];
    REQUIRE(::utimensat(AT_FDCWD, Lock(ref).c_str(), times, 0) == 0);
  }
};

}  // namespace

TEST_CASE_FIXTURE(Fixture, "RefsMoveByCompareAndSwap") {
  Ok(refs.Update(kCtx, kPin, "", a));
  CHECK(Value(kPin) == a);
  Ok(refs.Update(kCtx, kPin, a, b));
  CHECK(Value(kPin) == b);
  const Status stale = refs.Update(kCtx, kPin, a, c);
  CHECK(absl::IsAborted(stale));
  CHECK(Has(Message(stale), b));
  CHECK(absl::IsAborted(refs.Update(kCtx, kPin, "", c)));
  CHECK(absl::IsAborted(refs.Update(kCtx, "refs/coditect/r/2", a, c)));
  CHECK(Value(kPin) == b);
  CHECK(Ok(refs.Read(kCtx, kPin)) == b);
  CHECK(Ok(refs.Read(kCtx, "refs/coditect/absent")) == "");
}

TEST_CASE_FIXTURE(Fixture, "BeingThereAlreadyIsSuccess") {
  Ok(refs.Update(kCtx, kPin, "", b));
  Ok(refs.Update(kCtx, kPin, "", b));
  Ok(refs.Update(kCtx, kPin, a, b));
  Ok(refs.Update(kCtx, kPin, b, b));
  repo.Git({"pack-refs", "--all"});
  Ok(refs.Update(kCtx, kPin, a, b));
  Ok(refs.Update(kCtx, kPin, b, c));
  CHECK(Value(kPin) == c);
}

TEST_CASE_FIXTURE(Fixture, "OneOfManyWritersWins") {
  Ok(refs.Update(kCtx, kPin, "", a));
  std::vector<std::thread> threads;
  std::atomic<int> won{0};
  std::atomic<int> aborted{0};
  std::vector<CommitId> commits;
  for (int t = 0; t < 6; ++t) {
    commits.push_back(repo.Git({"commit-tree", "-m", StrCat("writer ", t), a + "^{tree}"}));
  }
  for (const CommitId& commit : commits) {
    threads.emplace_back([&, commit] {
      const Status status = refs.Update(kCtx, kPin, a, commit);
      won += status.ok() ? 1 : 0;
      aborted += absl::IsAborted(status) ? 1 : 0;
    });
  }
  for (std::thread& thread : threads) thread.join();
  CHECK(won == 1);
  CHECK(aborted == 5);
}

TEST_CASE_FIXTURE(Fixture, "OnlyOursMayBeWritten") {
  CHECK(absl::IsInvalidArgument(refs.Update(kCtx, "refs/heads/main", c, a)));
  CHECK(absl::IsInvalidArgument(refs.Update(kCtx, "refs/stash", "", a)));
  CHECK(absl::IsInvalidArgument(refs.Update(kCtx, kBranch, a, b)));
  CHECK(absl::IsInvalidArgument(refs.Update(kCtx, kPin, "", "HEAD")));
  CHECK(absl::IsInvalidArgument(refs.Update(kCtx, kPin, "--", a)));
  CHECK_FALSE(refs.Update(kCtx, kPin, "", std::string(40, '1')).ok());
  CHECK(Value("refs/heads/main") == c);
}

TEST_CASE_FIXTURE(Fixture, "BranchesAreCreatedOnceWithoutReflog") {
  Ok(refs.Update(kCtx, kBranch, "", a));
  Ok(refs.Update(kCtx, kBranch, "", a));
  CHECK(absl::IsAborted(refs.Update(kCtx, kBranch, "", b)));
  CHECK(Value(kBranch) == a);
  CHECK_FALSE(PathExists(repo.File(".git/logs/refs/heads/coditect")));
  CHECK(repo.Git({"branch", "--list", "coditect/*"}) == "coditect/r");
}

TEST_CASE_FIXTURE(Fixture, "ABranchThatIsCheckedOutIsNotMade") {
  repo.Git({"symbolic-ref", "HEAD", kBranch});
  Status status = refs.Update(kCtx, kBranch, "", a);
  CHECK(absl::IsFailedPrecondition(status));
  CHECK(Has(Message(status), "checked out"));
  CHECK(Value(kBranch) == "");
  repo.Git({"symbolic-ref", "HEAD", "refs/heads/main"});
  repo.Git({"worktree", "add", "-q", "--detach", repo.folder().Sub("linked")});
  repo.Git({"symbolic-ref", "HEAD", kBranch}, {}, repo.folder().Sub("linked"));
  CHECK(absl::IsFailedPrecondition(refs.Update(kCtx, kBranch, "", a)));
  repo.Git({"worktree", "remove", "--force", repo.folder().Sub("linked")});
  REQUIRE(::unlink(repo.File(".git/HEAD").c_str()) == 0);
  REQUIRE(::symlink(kBranch, repo.File(".git/HEAD").c_str()) == 0);
  CHECK(absl::IsFailedPrecondition(refs.Update(kCtx, kBranch, "", a)));
}

TEST_CASE_FIXTURE(Fixture, "ADeliveredBranchThatWasCheckedOutSinceIsThere") {
  Ok(refs.Update(kCtx, kBranch, "", c));
  repo.Git({"checkout", "-q", "coditect/r"});
  Ok(refs.Update(kCtx, kBranch, "", c));
  CHECK(absl::IsFailedPrecondition(refs.Update(kCtx, kBranch, "", a)));
}

TEST_CASE_FIXTURE(Fixture, "ABranchNamedCoditectIsInTheWay") {
  for (const bool packed : {false, true}) {
    repo.Git({"branch", "-f", "coditect", a});
    if (packed) repo.Git({"pack-refs", "--all"});
    const Status status = refs.Update(kCtx, kBranch, "", a);
    CHECK(absl::IsFailedPrecondition(status));
    CHECK_MESSAGE(Has(Message(status), "git branch -m"), Message(status));
  }
}

TEST_CASE_FIXTURE(Fixture, "LinksBelowRefsAreNotWrittenThrough") {
  const std::string outside = repo.folder().Sub("outside");
  Ok(MakeDirs(outside));
  REQUIRE(::symlink(outside.c_str(), repo.File(".git/refs/coditect").c_str()) == 0);
  CHECK(absl::IsFailedPrecondition(refs.Update(kCtx, kPin, "", a)));
  CHECK(absl::IsFailedPrecondition(refs.Sweep()));
  CHECK(Ok(ListDir(outside)).empty());
}

TEST_CASE_FIXTURE(Fixture, "ASymbolicRefMovesNothingElse") {
  repo.Git({"symbolic-ref", kPin, "refs/heads/main"});
  CHECK_FALSE(refs.Update(kCtx, kPin, "", a).ok());
  CHECK(absl::IsFailedPrecondition(refs.Update(kCtx, kPin, "", c)));
  CHECK(Value("refs/heads/main") == c);
  refs.Update(kCtx, kPin, c, a).IgnoreError();
  CHECK(Value("refs/heads/main") == c);
  repo.Git({"symbolic-ref", kPin, "refs/heads/absent"});
  refs.Update(kCtx, kPin, "", a).IgnoreError();
  CHECK(Value("refs/heads/absent") == "");
}

TEST_CASE_FIXTURE(Fixture, "AStaleLockIsRemoved") {
  LeaveLock(kPin, seconds(60));
  Ok(refs.Update(kCtx, kPin, "", a));
  CHECK(Value(kPin) == a);
  CHECK_FALSE(PathExists(Lock(kPin)));
}

TEST_CASE_FIXTURE(Fixture, "ALockFromTheFutureIsWatchedUntilItIsStale") {
  LeaveLock(kPin, seconds(-3600));
  Ok(MakeRefs(milliseconds(50)).Update(kCtx, kPin, "", a));
  CHECK(Value(kPin) == a);
}

TEST_CASE_FIXTURE(Fixture, "AFreshLockIsLeftToItsOwner") {
  LeaveLock(kPin, seconds(0));
  const Status status = refs.Update(Context().WithTimeout(milliseconds(600)), kPin, "", a);
  CHECK(absl::IsDeadlineExceeded(status));
  CHECK(PathExists(Lock(kPin)));
  std::thread owner([&] { ::unlink(Lock(kPin).c_str()); });
  Ok(refs.Update(kCtx, kPin, "", a));
  owner.join();
}

TEST_CASE_FIXTURE(Fixture, "NoLockIsRemovedWhileAGitOfOursIsAtWork") {
  LeaveLock(kPin, seconds(60));
  const UniqueFd other(::open(repo.folder().Sub("guard").c_str(), O_RDWR | O_CREAT, 0600));
  REQUIRE(::flock(other.get(), LOCK_SH) == 0);
  CHECK(
      absl::IsDeadlineExceeded(refs.Update(Context().WithTimeout(milliseconds(600)), kPin, "", a)));
  Ok(refs.Sweep());
  CHECK(PathExists(Lock(kPin)));
  REQUIRE(::flock(other.get(), LOCK_UN) == 0);
  Ok(refs.Sweep());
  CHECK_FALSE(PathExists(Lock(kPin)));
}

TEST_CASE_FIXTURE(Fixture, "TheSweepTakesOnlyOurStaleLocks") {
  LeaveLock(kPin, seconds(60));
  LeaveLock(kBranch, seconds(60));
  LeaveLock("refs/coditect/r/2", seconds(0));
  LeaveLock("refs/heads/main", seconds(60));
  Ok(refs.Update(kCtx, "refs/coditect/r/3", "", a));
  Ok(refs.Sweep());
  CHECK_FALSE(PathExists(Lock(kPin)));
  CHECK_FALSE(PathExists(Lock(kBranch)));
  CHECK(PathExists(Lock("refs/coditect/r/2")));
  CHECK(PathExists(Lock("refs/heads/main")));
  CHECK(Value("refs/coditect/r/3") == a);
}

TEST_CASE_FIXTURE(Fixture, "SomethingElseInTheLocksPlaceIsNamed") {
  Ok(MakeDirs(Lock(kPin)));
  const Status status = refs.Update(kCtx, kPin, "", a);
  CHECK(absl::IsFailedPrecondition(status));
  CHECK_MESSAGE(Has(Message(status), ".lock"), Message(status));
}

TEST_CASE_FIXTURE(Fixture, "ABranchIsDeletedOnlyWhereItWasDelivered") {
  Ok(refs.Update(kCtx, kBranch, "", a));
  CHECK(absl::IsAborted(refs.Delete(kCtx, kBranch, b)));
  CHECK(Value(kBranch) == a);
  repo.Git({"pack-refs", "--all"});
  LeaveLock(kBranch, seconds(10));  // of a git killed long ago
  Ok(refs.Delete(kCtx, kBranch, a));
  CHECK(Value(kBranch).empty());
  Ok(refs.Delete(kCtx, kBranch, a));  // gone already
  CHECK(Value("refs/heads/main") == c);
}

TEST_CASE_FIXTURE(Fixture, "OnlyOurBranchesAreDeleted") {
  Ok(refs.Update(kCtx, kPin, "", a));
  for (const char* ref : {kPin, "refs/heads/main", "refs/heads/coditect/../main"}) {
    CHECK(absl::IsInvalidArgument(refs.Delete(kCtx, ref, c)));
  }
  CHECK(Value(kPin) == a);
}

TEST_CASE_FIXTURE(Fixture, "ABranchInUseIsNotDeleted") {
  Ok(refs.Update(kCtx, kBranch, "", a));
  repo.Git({"checkout", "-q", "coditect/r"});
  CHECK(absl::IsFailedPrecondition(refs.Delete(kCtx, kBranch, a)));
  repo.Git({"checkout", "-q", "--detach"});
  Ok(MakeDirs(repo.File(".git/rebase-merge"), 0755));
  Ok(WriteFile(repo.File(".git/rebase-merge/head-name"), StrCat(kBranch, "\n"), 0644));
  CHECK(absl::IsFailedPrecondition(refs.Delete(kCtx, kBranch, a)));
  CHECK(Value(kBranch) == a);
}

}  // namespace coditect::git
