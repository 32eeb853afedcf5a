// Rules of moving a person's branch, and of patches.
#include "src/adapters/git/fast_forward.h"

#include "src/adapters/git/testing.h"

namespace coditect::git {
namespace {

const Context kContext;

/// A repository on main with a branch side that nobody has checked out, and a commit on top of it.
struct Sided {
  Sided() {
    Fill(repo);
    base = repo.CommitAll("base");
    repo.Git({"branch", "side"});
    resolved = Ok(TryResolve(repo.top(), "side"));
    const auto broker = Ok(OpenRepository(kContext, Options("broker")));
    const TreeId tree = Ok(broker->WriteTree(kContext, base, {WriteChange("README", "mended\n")}));
    tip = Ok(broker->Commit(kContext, MakeCommit(base, tree, "mend it\n")));
    Ok(broker->UpdateRef(kContext, "refs/coditect/r/tip", "", tip));
    delivery = Ok(OpenDelivery(kContext, Options("test")));
  }
  RepositoryOptions Options(const char* label) const {
    return {.repository = resolved.ref, .state_folder = repo.folder().Sub("state"), .label = label};
  }
  CommitId At() const { return repo.Git({"rev-parse", "side"}); }
  Status Move() const { return delivery->FastForward(kContext, base, tip); }

  TestRepository repo;
  CommitId base;
  CommitId tip;
  ResolvedRepository resolved;
  std::unique_ptr<Delivery> delivery;
};

}  // namespace

TEST_CASE("ABranchMovesForwardOnceAndFromWhereItWas") {
  Sided s;
  CHECK(Ok(s.delivery->Look(kContext)).commit == s.base);
  Ok(s.Move());
  CHECK(s.At() == s.tip);
  Ok(s.Move());  // it is there already
  s.repo.Git({"checkout", "-q", "side"});
  const std::string later = s.repo.CommitAll("later");
  Ok(s.Move());  // and stays part of what came after
  CHECK(s.At() == later);
  CHECK(s.repo.Git({"status", "--porcelain"}) == "");
  CHECK(s.repo.Fsck() == "");
}

TEST_CASE("ABranchThatMovedIsLeftWhereItIs") {
  Sided s;
  const std::string other =
      s.repo.Git({"commit-tree", "-p", s.base, "-m", "other", s.base + "^{tree}"});
  s.repo.Git({"branch", "-f", "side", other});
  const Status moved = s.Move();
  CHECK(absl::IsAborted(moved));
  CHECK(Has(Message(moved), "ref refs/heads/side is at " + other));
  CHECK(s.At() == other);
  const BaseBranch now = Ok(s.delivery->Look(kContext));
  CHECK(now.commit == other);
  CHECK(now.contains_base);
  CHECK(now.tree == s.repo.Git({"rev-parse", other + "^{tree}"}));
  s.repo.Git({"branch", "-D", "side"});
  CHECK(absl::IsAborted(s.Move()));
  CHECK(Ok(s.delivery->Look(kContext)).commit == "");
}

TEST_CASE("ABranchInUseIsNotMoved") {
  Sided s;
  s.repo.Git({"worktree", "add", "-q", "../linked", "side"});
  CHECK(Ok(s.delivery->Look(kContext)).work_tree == s.repo.folder().Sub("linked"));
  CHECK(absl::IsFailedPrecondition(s.Move()));
  CHECK(Has(Message(s.Move()), "is checked out"));
  CHECK(s.At() == s.base);
  s.repo.Git({"worktree", "remove", "../linked"});
  s.repo.Git({"checkout", "-q", "side"});
  CHECK(Ok(s.delivery->Look(kContext)).work_tree == s.repo.top());
  CHECK(absl::IsFailedPrecondition(s.Move()));
  s.repo.Git({"checkout", "-q", "main"});
  Ok(s.Move());
}

TEST_CASE("OnlyAFastForwardIsOne") {
  Sided s;
  const std::string unrelated = s.repo.Git({"commit-tree", "-m", "other", s.base + "^{tree}"});
  CHECK(absl::IsInvalidArgument(s.delivery->FastForward(kContext, s.base, unrelated)));
  CHECK(absl::IsInvalidArgument(s.delivery->FastForward(kContext, s.tip, s.base)));
  CHECK(absl::IsInvalidArgument(s.delivery->FastForward(kContext, "", s.tip)));
  CHECK(s.At() == s.base);
  for (const char* name : {"HEAD", "../x", "a..b", ""}) {
    RepositoryOptions options = s.Options("other");
    options.repository.base_name = name;
    const auto odd = Ok(OpenDelivery(kContext, options));
    CHECK(Ok(odd->Look(kContext)).commit == "");
    CHECK(absl::IsInvalidArgument(odd->FastForward(kContext, s.base, s.tip)));
  }
}

TEST_CASE("HooksDoNotRunAndALockOfThePersonsStays") {
  Sided s;
  s.repo.Write(".git/hooks/reference-transaction", "#!/bin/sh\ntouch ran\n", 0755);
  s.repo.Write(".git/refs/heads/side.lock", "");
  const Status locked = s.Move();
  CHECK(absl::IsUnavailable(locked));
  CHECK(Has(Message(locked), "refs/heads/side.lock"));
  CHECK(PathExists(s.repo.File(".git/refs/heads/side.lock")));
  REQUIRE(::unlink(s.repo.File(".git/refs/heads/side.lock").c_str()) == 0);
  Ok(s.Move());
  CHECK(!PathExists(s.repo.File("ran")));
}

TEST_CASE("APatchMakesTheSameCommits") {
  Sided s;
  const auto broker = Ok(OpenRepository(kContext, s.Options("second")));
  const TreeId tree = Ok(broker->WriteTree(
      kContext, s.tip, {WriteChange("bin/blob", std::string("\0\1\2\xff", 4), true)}));
  const CommitId second =
      Ok(broker->Commit(kContext, MakeCommit(s.tip, tree, "add it\n\nWhy: b\n")));
  const std::string patch = Ok(s.delivery->Patch(kContext, s.base, second));
  Ok(WriteFile(s.repo.folder().Sub("p.patch"), patch));
  s.repo.Git({"am", "-q", s.repo.folder().Sub("p.patch")});
  CHECK(s.repo.Git({"rev-parse", "HEAD^{tree}"}) == tree);
  CHECK(s.repo.Git({"log", "--format=%an %s", s.base + ".."}) == "Bot add it\nBot mend it");
  CHECK(Has(s.repo.Git({"log", "-1", "--format=%b"}), "Why: b"));
  s.repo.Git({"reset", "-q", "--hard", s.base});
  s.repo.Git({"apply", s.repo.folder().Sub("p.patch")});
  s.repo.Git({"add", "-A"});
  CHECK(s.repo.Git({"write-tree"}) == tree);
  CHECK(absl::IsInvalidArgument(s.delivery->Patch(kContext, "--output=x", second).status()));
}

TEST_CASE("ACommitMayHaveASecondParent") {
  Sided s;
  const auto broker = Ok(OpenRepository(kContext, s.Options("second")));
  CommitRequest request = MakeCommit(s.base, Ok(s.delivery->Look(kContext)).tree);
  request.merged_parent = s.tip;
  const CommitId merge = Ok(broker->Commit(kContext, request));
  CHECK(s.repo.Git({"log", "-1", "--format=%P", merge}) == StrCat(s.base, " ", s.tip));
  request.merged_parent = "tip";
  CHECK(absl::IsInvalidArgument(broker->Commit(kContext, request).status()));
}

}  // namespace coditect::git
