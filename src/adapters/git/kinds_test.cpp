// Kinds of repositories: names, formats, attributes, and what of them stays untouched.
#include "src/adapters/git/testing.h"

namespace coditect::git {
namespace {

const Context kCtx;

// All of the person's repository but what the broker may write.
std::map<std::string, std::string> Untouchable(const TestRepository& repo) {
  std::map<std::string, std::string> all;
  Snapshot(repo.top(), "", &all);
  for (auto entry = all.begin(); entry != all.end();) {
    const bool ours = entry->first.find(".git/objects") == 0 ||
                      entry->first.find(".git/refs/coditect") == 0 ||
                      entry->first.find(".git/refs/heads/coditect") == 0;
    entry = ours ? all.erase(entry) : std::next(entry);
  }
  return all;
}

void RunAllVerbs(const TestRepository& repo, Repository& git, const CommitId& base) {
  const std::vector<TreeEntry> files = Ok(git.ListFiles(kCtx, base));
  Ok(git.ReadBlobs(kCtx, {files[0].object_id}));
  TestFolder work;
  Ok(git.Materialize(kCtx, base, work.path()));
  const TreeId tree = Ok(git.WriteTree(kCtx, base, {WriteChange("README", "bye\n")}));
  const CommitId ours = Ok(git.Commit(kCtx, MakeCommit(base, tree)));
  const TreeId other = Ok(git.WriteTree(kCtx, base, {WriteChange("other", "x\n")}));
  const CommitId theirs = Ok(git.Commit(kCtx, MakeCommit(base, other)));
  Ok(git.UpdateRef(kCtx, "refs/coditect/r/1/1-1", "", ours));
  Ok(git.UpdateRef(kCtx, "refs/coditect/r/1/1-1", ours, theirs));
  const MergeForecast merged = Ok(git.MergeTrees(kCtx, base, ours, theirs));
  const CommitId tip = Ok(git.Commit(kCtx, MakeCommit(ours, merged.tree)));
  Ok(git.Diff(kCtx, base, tip));
  Ok(git.UpdateRef(kCtx, "refs/heads/coditect/r", "", tip));
  CHECK(repo.Fsck() == "");
}

}  // namespace

TEST_CASE("OddNamesSurviveTheRoundTrip") {
  TestRepository repo({}, "odd \"name\" with 'quotes',\n\xff: and -dashes");
  const std::vector<std::string> names = {
      "two words", "new\nline", "q\"uote'", "-rf",      "--all",    "\xff\xfe\x80",     "tab\t",
      "*?[x]",     ":(top)x",   "a\\b",     "d i r/-x", "\xC3\xA4", "\xe2\x80\xae.txt", "$(id)"};
  for (const std::string& name : names) repo.Write(name, name + "\n");
  const std::string base = repo.CommitAll();
  const auto git = Open(repo);
  TestFolder work;
  Ok(git->Materialize(kCtx, base, work.path()));
  std::vector<FileChange> changes;
  for (const std::string& name : names) {
    CHECK(Ok(ReadFile(work.Sub(name))) == name + "\n");
    changes.push_back(WriteChange(name, "changed " + name));
  }
  const TreeId tree = Ok(git->WriteTree(kCtx, base, changes));
  TestFolder again;
  Ok(git->Materialize(kCtx, tree, again.path()));
  for (const std::string& name : names) CHECK(Ok(ReadFile(again.Sub(name))) == "changed " + name);
  CHECK(Ok(git->ListFiles(kCtx, tree)).size() == names.size());
  RunAllVerbs(repo, *git, base);
}

TEST_CASE("AttributesAndEolSettingsChangeNoByte") {
  TestRepository repo;
  repo.Write("crlf", "a\r\nb\r\n");
  repo.Write("lf", "a\nb\n");
  repo.Write("ident.c", "/* $Id$ */\n");
  repo.Write("utf16", "plain\n");
  repo.CommitAll();  // as they are, before anything converts
  repo.Write(".gitattributes",
             "* text=auto eol=crlf\n*.c ident\nutf16 working-tree-encoding=UTF-16\n"
             "lf filter=x diff=x merge=union\n");
  repo.Git({"config", "core.autocrlf", "true"});
  repo.Git({"add", ".gitattributes"});
  repo.Git({"commit", "-q", "-m", "attributes"});
  const std::string base = repo.Git({"rev-parse", "HEAD"});
  const auto git = Open(repo);
  TestFolder work;
  Ok(git->Materialize(kCtx, base, work.path()));
  const std::string lf = Ok(ReadFile(work.Sub("lf")));
  CHECK(lf == "a\nb\n");
  CHECK(Ok(ReadFile(work.Sub("ident.c"))) == "/* $Id$ */\n");
  CHECK(Ok(ReadFile(work.Sub("utf16"))) == "plain\n");
  for (const std::string bytes : {"x\r\ny\r\n", "x\ny\n", "x\ry", "$Id: 1 $\r\n"}) {
    const TreeId tree = Ok(git->WriteTree(
        kCtx, base,
        {WriteChange("crlf", bytes), WriteChange("ident.c", bytes), WriteChange("utf16", bytes),
         WriteChange("sub/.gitattributes", "* -text\n")}));
    for (const char* name : {"crlf", "ident.c", "utf16"}) {
      CHECK(repo.TryGit({"cat-file", "blob", StrCat(tree, ":", name)}).out == bytes);
    }
  }
  // merge=union would merge these two.
  const auto commit = [&](const char* bytes) {
    return Ok(git->Commit(
        kCtx, MakeCommit(base, Ok(git->WriteTree(kCtx, base, {WriteChange("lf", bytes)})))));
  };
  CHECK(Ok(git->MergeTrees(kCtx, base, commit("A\n"), commit("B\n"))).conflicts.size() == 1);
}

TEST_CASE("NothingOfThePersonsIsTouched") {
  TestRepository repo;
  Fill(repo);
  repo.CommitAll();
  repo.Write("src/a.py", "stashed\n");
  repo.Git({"stash"});
  repo.Git({"branch", "other"});
  repo.Git({"tag", "-a", "v1", "-m", "one"});
  repo.Git({"pack-refs", "--all"});
  repo.Write("README", "unstaged\n");
  repo.Write("staged", "staged\n");
  repo.Git({"add", "staged"});
  repo.Write("untracked", "untracked\n");
  const auto before = Untouchable(repo);
  REQUIRE(before.count(".git/index") == 1);
  REQUIRE(before.count(".git/logs/refs/stash") == 1);
  {
    const auto git = Open(repo);
    RunAllVerbs(repo, *git, repo.Git({"rev-parse", "HEAD"}));
  }
  CHECK(Untouchable(repo) == before);
  // And the gitdir of ours is gone.
  for (const std::string& name : Ok(ListDir(repo.folder().Sub("state/git")))) {
    CHECK(name.find("test-") == std::string::npos);
  }
}

TEST_CASE("ALinkedWorktreeWorks") {
  TestRepository repo;
  Fill(repo);
  repo.CommitAll();
  const std::string linked = repo.folder().Sub("linked");
  repo.Git({"worktree", "add", "-q", "-b", "side", linked});
  repo.Git({"commit", "-q", "--allow-empty", "-m", "side"}, {}, linked);
  const ResolvedRepository resolved = Ok(TryResolve(linked));
  CHECK(resolved.linked_worktree);
  CHECK(resolved.branch == "side");
  CHECK(resolved.ref.path == linked);
  CHECK(resolved.ref.common_dir == repo.File(".git"));
  const auto before = Untouchable(repo);
  const auto git = Ok(OpenRepository(
      kCtx,
      {.repository = resolved.ref, .state_folder = repo.folder().Sub("state"), .label = "test"}));
  RunAllVerbs(repo, *git, resolved.ref.base_commit);
  CHECK(Untouchable(repo) == before);
  CHECK(repo.Git({"rev-parse", "refs/coditect/r/1/1-1"}).size() == 40);
}

TEST_CASE("ASha256RepositoryWorks") {
  TestRepository repo({"--object-format=sha256"});
  Fill(repo);
  const std::string base = repo.CommitAll();
  REQUIRE(base.size() == 64);
  const auto git = Open(repo);
  RunAllVerbs(repo, *git, base);
}

TEST_CASE("AShallowRepositoryWorks") {
  TestRepository origin;
  Fill(origin);
  origin.CommitAll();
  origin.Write("README", "second\n");
  origin.CommitAll();
  TestRepository repo;
  repo.Git({"fetch", "-q", "--depth=1", "file://" + origin.top(), "main"});
  repo.Git({"reset", "-q", "--hard", "FETCH_HEAD"});
  const ResolvedRepository resolved = Ok(TryResolve(repo.top()));
  CHECK(resolved.shallow);
  const auto git = Open(repo);
  RunAllVerbs(repo, *git, resolved.ref.base_commit);
}

TEST_CASE("APartialCloneThatLacksContentSaysSoAndFetchesNothing") {
  TestRepository origin;
  Fill(origin);
  origin.CommitAll();
  origin.Write("README", "second\n");
  origin.CommitAll();
  origin.Git({"config", "uploadpack.allowFilter", "true"});
  TestRepository repo({}, "outer");
  repo.Git({"clone", "-q", "--no-local", "--filter=blob:none", "file://" + origin.top(), "clone"});
  const std::string clone = repo.File("clone");
  const ResolvedRepository resolved = Ok(TryResolve(clone, "HEAD~1"));
  CHECK(resolved.partial_clone);
  const auto git = Ok(OpenRepository(
      kCtx,
      {.repository = resolved.ref, .state_folder = repo.folder().Sub("state"), .label = "test"}));
  TestFolder work;
  const Status status = git->Materialize(kCtx, resolved.ref.base_commit, work.path());
  CHECK(absl::IsFailedPrecondition(status));
  CHECK_MESSAGE(Has(Message(status), "README"), Message(status));
  CHECK(Has(Message(status), "git fetch --refetch --no-filter"));
  CHECK(absl::IsFailedPrecondition(git->ListFiles(kCtx, resolved.ref.base_commit).status()));
  // What the message advises helps.
  repo.Git({"fetch", "-q", "--refetch", "--no-filter"}, {}, clone);
  TestFolder again;
  Ok(git->Materialize(kCtx, resolved.ref.base_commit, again.path()));
}

TEST_CASE("AlternateObjectFoldersAreRead") {
  TestRepository origin;
  Fill(origin);
  const std::string base = origin.CommitAll();
  TestRepository repo({}, "outer");
  repo.Git({"clone", "-q", "--shared", origin.top(), "clone"});
  const ResolvedRepository resolved = Ok(TryResolve(repo.File("clone")));
  const auto git = Ok(OpenRepository(
      kCtx,
      {.repository = resolved.ref, .state_folder = repo.folder().Sub("state"), .label = "test"}));
  const TreeId tree = Ok(git->WriteTree(kCtx, base, {WriteChange("new", "x")}));
  CHECK_FALSE(origin.TryGit({"cat-file", "-e", tree}).exit_code == 0);
  CHECK(Ok(git->ListFiles(kCtx, tree)).size() == 6);
}

TEST_CASE("SharedRepositoriesStayShared") {
  TestRepository repo;
  Fill(repo);
  const std::string base = repo.CommitAll();
  repo.Git({"config", "core.sharedRepository", "group"});
  const auto git = Open(repo);
  const TreeId tree = Ok(git->WriteTree(kCtx, base, {WriteChange("x", "y")}));
  Ok(git->UpdateRef(kCtx, "refs/coditect/r/1", "", Ok(git->Commit(kCtx, MakeCommit(base, tree)))));
  struct stat info{};
  REQUIRE(::stat(repo.File(".git/refs/coditect/r/1").c_str(), &info) == 0);
  CHECK((info.st_mode & 0060) == 0060);
}

}  // namespace coditect::git
