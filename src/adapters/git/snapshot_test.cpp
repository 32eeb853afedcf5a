// Rules of taking what is not committed.
#include "src/adapters/git/snapshot.h"

#include "src/adapters/git/testing.h"

namespace coditect::git {
namespace {

StatusOr<WorkTreeState> Take(const TestRepository& repo,
                             const std::map<std::string, std::string>& environment) {
  const ResolvedRepository here = Ok(TryResolve(repo.top()));
  return TakeSnapshot(Context(), {.repository = here.ref,
                                  .state_folder = repo.folder().Sub("state"),
                                  .label = "test",
                                  .environment = environment});
}

StatusOr<WorkTreeState> Take(const TestRepository& repo) { return Take(repo, NoEnvironment()); }

/// "mode path" of every file of the tree.
std::string Listing(const TestRepository& repo, const TreeId& tree) {
  return repo.Git({"ls-tree", "-r", "--format=%(objectmode) %(path)", tree});
}

/// What `git add -A` of the person's own git makes of the work tree, in an index of its own.
TreeId ByGit(const TestRepository& repo) {
  TestRepository copy({}, "copy");
  REQUIRE(RemoveTree(copy.top()).ok());
  ProcessRequest request{.argv = {"/usr/bin/cp", "-a", repo.top(), copy.top()}};
  REQUIRE(Ok(RunProcess(Context(), request)).exit_code == 0);
  copy.Git({"add", "-A"});
  return copy.Git({"write-tree"});
}

std::map<std::string, std::string> Everything(const TestRepository& repo) {
  std::map<std::string, std::string> out;
  Snapshot(repo.top(), "", &out);
  for (auto entry = out.begin(); entry != out.end();) {
    entry = Has(entry->first, ".git/objects") ? out.erase(entry) : std::next(entry);
  }
  return out;
}

}  // namespace

TEST_CASE("ASnapshotIsWhatAddingEverythingWouldCommit") {
  TestRepository repo;
  Fill(repo);
  repo.Write("folder/a", "a\n");
  repo.Write("becomes_folder", "x\n");
  repo.Write(".gitignore", "*.o\n");
  repo.CommitAll();
  repo.Write("README", "staged\n");
  repo.Git({"add", "README"});
  repo.Write("README", "and changed again\n");
  REQUIRE(::unlink(repo.File("empty").c_str()) == 0);
  REQUIRE(::chmod(repo.File("src/a.py").c_str(), 0755) == 0);
  REQUIRE(::unlink(repo.File("link").c_str()) == 0);
  REQUIRE(::symlink("README", repo.File("link").c_str()) == 0);
  REQUIRE(::symlink("/etc/hosts", repo.File("outside").c_str()) == 0);
  Ok(RemoveTree(repo.File("folder")));
  repo.Write("folder", "a file now\n");
  REQUIRE(::unlink(repo.File("becomes_folder").c_str()) == 0);
  repo.Write("becomes_folder/b", "b\n");
  repo.Write("readme", "another case\n");
  repo.Write("meant", "meant to be added\n");
  repo.Git({"add", "-N", "meant"});
  repo.Write("new file\twith odd\nname", "n\n");
  repo.Write("staged_only", "s\n");
  repo.Git({"add", "staged_only"});
  repo.Write("ignored.o", "binary\n");
  const auto before = Everything(repo);
  const WorkTreeState state = Ok(Take(repo));
  CHECK(Everything(repo) == before);
  CHECK(state.tree == ByGit(repo));
  CHECK(!Has(Listing(repo, state.tree), "ignored.o"));
  CHECK(Has(Listing(repo, state.tree), "120000 outside"));
  CHECK(state.untracked == 5);  // outside, folder, becomes_folder/b, readme, the odd name
  CHECK(state.left_out.empty());
  CHECK(repo.Fsck() == "");
}

TEST_CASE("ACleanWorkTreeIsItsHead") {
  TestRepository repo;
  Fill(repo);
  repo.CommitAll();
  const WorkTreeState state = Ok(Take(repo));
  CHECK(state.tree == repo.Git({"rev-parse", "HEAD^{tree}"}));
  CHECK(state.tracked + state.untracked == 0);
}

// The index says when it was written; a file as young as it may have changed since.
TEST_CASE("AChangeInTheSameInstantAsTheIndexIsSeen") {
  TestRepository repo;
  repo.Write("a", "one\n");
  repo.CommitAll();
  for (int i = 0; i < 10; ++i) {
    repo.Write("a", StrCat("on", i, "\n"));
    CHECK(Ok(Take(repo)).tree == ByGit(repo));
    repo.Git({"add", "a"});
  }
}

TEST_CASE("WhatThePersonIgnoresElsewhereIsLeftAlone") {
  TestRepository repo;
  Fill(repo);
  repo.CommitAll();
  repo.Write(".git/info/exclude", "*.mine\n!kept.swp\n");
  Ok(MakeDirs(repo.folder().Sub("home/.config/git"), 0755));
  Ok(WriteFile(repo.folder().Sub("home/.config/git/ignore"), "*.swp\n"));
  auto environment = NoEnvironment();
  environment["HOME"] = repo.folder().Sub("home");
  repo.Write("a.mine", "x");
  repo.Write("a.swp", "x");
  repo.Write("kept.swp", "x");
  const WorkTreeState state = Ok(Take(repo, environment));
  CHECK(state.untracked == 1);
  CHECK(Has(Listing(repo, state.tree), "kept.swp"));
  Ok(WriteFile(repo.folder().Sub("patterns"), "kept.*\n"));
  repo.Git({"config", "core.excludesFile", repo.folder().Sub("patterns")});
  repo.Write(".git/info/exclude", "*.mine\n");
  const std::string listing = Listing(repo, Ok(Take(repo, environment)).tree);
  CHECK(!Has(listing, "kept.swp"));
  CHECK(Has(listing, "a.swp"));
}

TEST_CASE("LineEndingsAreStoredAsThePersonsGitStoresThem") {
  TestRepository repo;
  repo.Write("a.txt", "one\r\n");
  repo.Write(".gitattributes", "*.bat text eol=crlf\n");
  repo.Write("b.bat", "one\r\n");
  repo.Git({"config", "core.autocrlf", "true"});
  repo.CommitAll();
  repo.Write("a.txt", "one\r\ntwo\r\n");
  repo.Write("b.bat", "two\r\n");
  repo.Write("c.raw", "three\r\n");
  repo.Write(".git/info/attributes", "c.raw -text\n");
  const TreeId tree = Ok(Take(repo)).tree;
  CHECK(tree == ByGit(repo));
  CHECK(repo.Git({"cat-file", "-p", tree + ":a.txt"}) == "one\ntwo");
}

TEST_CASE("SubmodulesStayAsRecordedAndOtherRepositoriesStayOut") {
  TestRepository repo;
  Fill(repo);
  const std::string commit = repo.CommitAll();
  repo.Git({"update-index", "--add", "--cacheinfo", StrCat("160000,", commit, ",module")});
  repo.Git({"commit", "-q", "-m", "module"});
  repo.Write("inner/file", "x");
  repo.Git({"init", "-q", "inner"});
  repo.Write("new", "n\n");
  const WorkTreeState state = Ok(Take(repo));
  CHECK(Has(Listing(repo, state.tree), "160000 module"));
  REQUIRE(state.left_out.size() == 1);
  CHECK(state.left_out.front() == "inner/");
  CHECK(state.untracked == 1);
}

TEST_CASE("WhatCannotBeTakenIsNamed") {
  TestRepository repo;
  Fill(repo);
  repo.CommitAll();
  SUBCASE("a merge under way") {
    repo.Git({"checkout", "-q", "-b", "other"});
    repo.Write("README", "theirs\n");
    repo.CommitAll();
    repo.Git({"checkout", "-q", "main"});
    repo.Write("README", "ours\n");
    repo.CommitAll();
    repo.TryGit({"merge", "-q", "other"});
    const Status merging = Take(repo).status();
    CHECK(absl::IsFailedPrecondition(merging));
    CHECK(Has(Message(merging), "a merge is under way"));
    REQUIRE(::unlink(repo.File(".git/MERGE_HEAD").c_str()) == 0);
    const Status unmerged = Take(repo).status();
    CHECK(Has(Message(unmerged), "conflicts are not resolved in README: resolve them"));
  }
  SUBCASE("a file too large") {
    repo.Write("big", "");
    REQUIRE(::truncate(repo.File("big").c_str(), kSnapshotFileBytesMax + (1 << 20)) == 0);
    CHECK(Has(Message(Take(repo).status()), "big is not committed and has 101 MiB"));
  }
  SUBCASE("a tracked file that became a pipe") {
    REQUIRE(::unlink(repo.File("README").c_str()) == 0);
    REQUIRE(::mkfifo(repo.File("README").c_str(), 0644) == 0);
    CHECK(Has(Message(Take(repo).status()), "README is neither a file nor a link"));
  }
  SUBCASE("a file that cannot be read") {
    if (::geteuid() == 0) return;  // root reads everything
    repo.Write("closed", "x", 0000);
    CHECK(Has(Message(Take(repo).status()), "cannot read closed: Permission denied"));
  }
  SUBCASE("a file behind a filter") {
    repo.Write(".gitattributes", "*.bin filter=store\n");
    repo.Write("a.bin", "x\n");
    // Without a program of that name nothing would happen to it.
    CHECK(Ok(Take(repo)).untracked == 2);
    repo.Git({"config", "filter.store.clean", "touch ran; cat"});
    CHECK(Has(Message(Take(repo).status()), "a.bin goes through the filter 'store'"));
    CHECK(!PathExists(repo.File("ran")));
  }
}

TEST_CASE("ALinkedWorkTreeHasAnIndexOfItsOwn") {
  TestRepository repo;
  Fill(repo);
  repo.CommitAll();
  repo.Git({"worktree", "add", "-q", "-b", "side", "../side"});
  Ok(WriteFile(repo.folder().Sub("side/README"), "side\n"));
  const ResolvedRepository here = Ok(TryResolve(repo.folder().Sub("side")));
  const WorkTreeState state =
      Ok(TakeSnapshot(Context(), {.repository = here.ref,
                                  .state_folder = repo.folder().Sub("state"),
                                  .label = "test",
                                  .environment = NoEnvironment()}));
  CHECK(repo.Git({"cat-file", "-p", state.tree + ":README"}) == "side");
  CHECK(state.tracked == 1);
}

TEST_CASE("ASplitIndexIsReadWhole") {
  TestRepository repo;
  Fill(repo);
  repo.CommitAll();
  repo.Git({"update-index", "--split-index"});
  repo.Write("README", "split\n");
  CHECK(Ok(Take(repo)).tree == ByGit(repo));
}

}  // namespace coditect::git
