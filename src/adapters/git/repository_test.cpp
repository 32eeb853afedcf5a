// Rules of the broker's verbs on ordinary repositories.
#include "src/adapters/git/repository.h"

#include <array>
#include <thread>

#include "src/adapters/git/testing.h"

namespace coditect::git {
namespace {

const Context kCtx;

// Path -> "mode bytes" of all that lies below `folder`, links by their target.
void Snapshot(const std::string& folder, const std::string& prefix,
              std::map<std::string, std::string>* out) {
  for (const std::string& name : Ok(ListDir(folder))) {
    const std::string path = JoinPath(folder, name);
    const std::string shown = prefix + name;
    struct stat info{};
    REQUIRE(::lstat(path.c_str(), &info) == 0);
    std::string& value = (*out)[shown];
    value = StrCat(info.st_mode, " ", info.st_mtim.tv_sec, ".", info.st_mtim.tv_nsec, " ");
    if (S_ISDIR(info.st_mode)) {
      value.clear();
      Snapshot(path, shown + "/", out);
    } else if (S_ISREG(info.st_mode)) {
      value += Ok(ReadFile(path));
    }
  }
}

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

void Fill(const TestRepository& repo) {
  repo.Write("README", "hello\n");
  repo.Write("src/a.py", "a = 1\n\n\n\nb = 2\n");
  repo.Write("bin/run", "#!/bin/sh\n", 0755);
  REQUIRE(::symlink("src/a.py", repo.File("link").c_str()) == 0);
  repo.Write("empty", "");
}

std::map<std::string, std::string> ModesAndBytes(const std::string& folder) {
  std::map<std::string, std::string> all;
  Snapshot(folder, "", &all);
  std::map<std::string, std::string> out;
  for (const auto& [path, value] : all) {
    if (value.empty()) continue;
    const size_t blank = value.find(' ');
    out[path] = value.substr(0, blank) + value.substr(value.find(' ', blank + 1));
  }
  return out;
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

TEST_CASE("FilesAndBlobsAreRead") {
  TestRepository repo;
  Fill(repo);
  const std::string base = repo.CommitAll();
  const auto git = Open(repo);
  const std::vector<TreeEntry> files = Ok(git->ListFiles(kCtx, base));
  REQUIRE(files.size() == 5);
  CHECK(files[0].path == "README");
  CHECK(files[0].mode == 0100644);
  CHECK(files[0].size_bytes == 6);
  CHECK(files[1].path == "bin/run");
  CHECK(files[1].mode == 0100755);
  CHECK(files[3].mode == 0120000);
  const auto blobs =
      Ok(git->ReadBlobs(kCtx, {files[0].object_id, files[2].object_id, files[0].object_id}));
  CHECK(blobs.at(files[0].object_id) == "hello\n");
  CHECK(blobs.at(files[2].object_id) == "");
  CHECK(blobs.size() == 2);
  CHECK(Ok(git->ReadBlobs(kCtx, {})).empty());
}

TEST_CASE("IdsThatAreNoneAreRefusedByEveryVerb") {
  TestRepository repo;
  repo.CommitAll();
  const auto git = Open(repo);
  TestFolder work;
  for (const std::string id : {"", "HEAD", "--help", "main", "-x", std::string(39, 'a').c_str()}) {
    CHECK(absl::IsInvalidArgument(git->ListFiles(kCtx, id).status()));
    CHECK(absl::IsInvalidArgument(git->ReadBlobs(kCtx, {id}).status()));
    CHECK(absl::IsInvalidArgument(git->Materialize(kCtx, id, work.path())));
    CHECK(absl::IsInvalidArgument(git->WriteTree(kCtx, id, {}).status()));
    CHECK(absl::IsInvalidArgument(git->Commit(kCtx, MakeCommit(id, id)).status()));
    CHECK(absl::IsInvalidArgument(git->MergeTrees(kCtx, id, id, id).status()));
    CHECK(absl::IsInvalidArgument(git->Diff(kCtx, id, id).status()));
  }
  const std::string nobody(40, '1');
  CHECK(git->ListFiles(kCtx, nobody).status().code() != absl::StatusCode::kOk);
  CHECK(absl::IsDataLoss(git->ReadBlobs(kCtx, {nobody}).status()));
}

TEST_CASE("MaterializeWritesBytesModesLinksAndFolders") {
  TestRepository repo;
  Fill(repo);
  const std::string base = repo.CommitAll();
  const auto git = Open(repo);
  TestFolder work;
  const mode_t before = ::umask(077);
  Ok(git->Materialize(kCtx, base, work.path()));
  ::umask(before);
  auto person = ModesAndBytes(repo.top());
  std::erase_if(person, [](const auto& entry) { return entry.first.find(".git/") == 0; });
  CHECK(ModesAndBytes(work.path()) == person);
  struct stat info{};
  REQUIRE(::stat(work.Sub("src").c_str(), &info) == 0);
  CHECK((info.st_mode & 07777) == 0755);
  char target[100] = {};
  REQUIRE(::readlink(work.Sub("link").c_str(), target, sizeof target) == 8);
  CHECK(std::string(target) == "src/a.py");
}

TEST_CASE("EqualFilesKeepThePersonsTimeAndOthersAreNew") {
  TestRepository repo;
  Fill(repo);
  const std::string base = repo.CommitAll();
  const timespec old[2] = {{1'000'000'000, 5}, {1'000'000'000, 7}};
  for (const char* name : {"README", "src/a.py", "bin/run", "empty"}) {
    REQUIRE(::utimensat(AT_FDCWD, repo.File(name).c_str(), old, 0) == 0);
  }
  repo.Write("bin/run", "#!/bin/zz\n", 0755);  // the same size
  REQUIRE(::utimensat(AT_FDCWD, repo.File("bin/run").c_str(), old, 0) == 0);
  REQUIRE(::unlink(repo.File("src/a.py").c_str()) == 0);
  REQUIRE(::symlink("../README", repo.File("src/a.py").c_str()) == 0);
  const auto git = Open(repo);
  TestFolder work;
  Ok(git->Materialize(kCtx, base, work.path()));
  const auto time = [&](const char* name) {
    struct stat info{};
    REQUIRE(::stat(work.Sub(name).c_str(), &info) == 0);
    return info.st_mtim.tv_sec == 1'000'000'000 && info.st_mtim.tv_nsec == 7;
  };
  CHECK(time("README"));
  CHECK(time("empty"));
  CHECK_FALSE(time("bin/run"));
  CHECK_FALSE(time("src/a.py"));
}

TEST_CASE("MaterializeWantsAnEmptyFolder") {
  TestRepository repo;
  const std::string base = repo.CommitAll();
  const auto git = Open(repo);
  TestFolder work;
  CHECK_FALSE(git->Materialize(kCtx, base, work.Sub("absent")).ok());
  Ok(WriteFile(work.Sub("x"), ""));
  CHECK(absl::IsFailedPrecondition(git->Materialize(kCtx, base, work.path())));
}

TEST_CASE("LargeFilesPassThroughWhole") {
  TestRepository repo;
  std::string bytes;
  for (int i = 0; i < 900'000; ++i) bytes += StrCat(i * 7919LL, i % 3 == 0 ? "\r\n" : "\n");
  repo.Write("large", bytes);
  const std::string base = repo.CommitAll();
  const auto git = Open(repo);
  TestFolder work;
  Ok(git->Materialize(kCtx, base, work.path()));
  CHECK(Ok(ReadFile(work.Sub("large"))) == bytes);
}

TEST_CASE("WriteTreeAppliesEachKindOfChange") {
  TestRepository repo;
  Fill(repo);
  const std::string base = repo.CommitAll();
  const auto git = Open(repo);
  const TreeId tree = Ok(git->WriteTree(
      kCtx, base,
      {WriteChange("README", "new\n", true), DeleteChange("empty"), DeleteChange("absent"),
       LinkChange("deep/er/link", "../../README"), WriteChange("src/sub/x", "x"),
       WriteChange("bin/run", "#!/bin/sh\n", false), WriteChange("nothing", "")}));
  const auto line = [&](const char* path) { return repo.Git({"ls-tree", tree, path}); };
  CHECK(line("README").substr(0, 6) == "100755");
  CHECK(line("bin/run").substr(0, 6) == "100644");
  CHECK(line("empty") == "");
  CHECK(line("deep/er/link").substr(0, 6) == "120000");
  CHECK(repo.Git({"cat-file", "blob", tree + ":deep/er/link"}) == "../../README");
  CHECK(repo.Git({"cat-file", "-s", tree + ":nothing"}) == "0");
  CHECK(line("link").substr(0, 6) == "120000");
  // The same changes give the same tree, from the tree as from the commit.
  CHECK(Ok(git->WriteTree(kCtx, repo.Git({"rev-parse", base + "^{tree}"}), {})) ==
        repo.Git({"rev-parse", base + "^{tree}"}));
}

TEST_CASE("AFileMayReplaceAFolderAndBack") {
  TestRepository repo;
  Fill(repo);
  const std::string base = repo.CommitAll();
  const auto git = Open(repo);
  const TreeId file = Ok(git->WriteTree(kCtx, base, {WriteChange("src", "now a file")}));
  CHECK(repo.Git({"cat-file", "-t", file + ":src"}) == "blob");
  const TreeId folder =
      Ok(git->WriteTree(kCtx, file, {WriteChange("src/b", "x"), DeleteChange("src")}));
  CHECK(repo.Git({"ls-tree", "-r", "--name-only", folder, "src/"}) == "src/b");
}

TEST_CASE("HostileChangesAreRefusedAndNamed") {
  TestRepository repo;
  Fill(repo);
  const std::string base = repo.CommitAll();
  const auto git = Open(repo);
  const auto refused = [&](std::vector<FileChange> changes, const char* part) {
    const Status status = git->WriteTree(kCtx, base, changes).status();
    CHECK(absl::IsInvalidArgument(status));
    CHECK_MESSAGE(Has(Message(status), part), Message(status));
  };
  refused({WriteChange("../x", "")}, "'../x'");
  refused({WriteChange("/etc/x", "")}, "absolute");
  refused({WriteChange(".git/config", "")}, ".git");
  refused({WriteChange("a/.GIT/hooks/x", "")}, ".git");
  refused({DeleteChange("git~1/config")}, ".git");
  refused({LinkChange("l", "/etc/passwd")}, "absolute");
  refused({LinkChange("src/l", "../../x")}, "out of");
  refused({WriteChange(".gitmodules", "[submodule \"x\"]")}, "submodules");
  refused({WriteChange("a", ""), WriteChange("a", "")}, "twice");
  refused({WriteChange("a", ""), WriteChange("a/b", "")}, "at once");
  refused({LinkChange("a", "src"), WriteChange("a/b", "")}, "at once");
}

TEST_CASE("CommitsAreWhatWasAskedForByteForByte") {
  TestRepository repo;
  Fill(repo);
  const std::string base = repo.CommitAll();
  const auto git = Open(repo);
  const TreeId tree = Ok(git->WriteTree(kCtx, base, {WriteChange("x", "y")}));
  const std::string message =
      "# not a comment\n\n  indented  \n\n\nno line feed \xC3\xA4 at the end";
  const CommitId commit = Ok(git->Commit(kCtx, MakeCommit(base, tree, message)));
  CHECK(repo.TryGit({"cat-file", "commit", commit}).out ==
        StrCat("tree ", tree, "\nparent ", base,
               "\nauthor Bot <bot@example.org> 1700000000 +0000\n"
               "committer Bot <bot@example.org> 1700000000 +0000\n\n",
               message));
  CHECK(Ok(git->Commit(kCtx, MakeCommit(base, tree, message))) == commit);
  CommitRequest bad = MakeCommit(base, tree);
  bad.author = "Bot";
  CHECK(absl::IsInvalidArgument(git->Commit(kCtx, bad).status()));
  bad = MakeCommit(base, tree);
  bad.wall_ms = -1;
  CHECK(absl::IsInvalidArgument(git->Commit(kCtx, bad).status()));
  CHECK(absl::IsInvalidArgument(
      git->Commit(kCtx, MakeCommit(base, tree, std::string("a\0b", 3))).status()));
  CHECK(absl::IsInvalidArgument(git->Commit(kCtx, MakeCommit(base, tree, "")).status()));
  CHECK_FALSE(git->Commit(kCtx, MakeCommit(base, std::string(40, '1'))).ok());
}

TEST_CASE("MergesAreCleanOrNameTheirConflicts") {
  TestRepository repo;
  repo.Write("f", "1\n2\n3\n4\n5\n6\n7\n8\n9\n");
  repo.Write("gone", "g\n");
  repo.Write("dir/same", "s\n");
  const std::string base = repo.CommitAll();
  const auto git = Open(repo);
  const auto commit = [&](std::vector<FileChange> changes) {
    return Ok(git->Commit(kCtx, MakeCommit(base, Ok(git->WriteTree(kCtx, base, changes)))));
  };
  const auto conflicts = [&](std::vector<FileChange> a, std::vector<FileChange> b) {
    const MergeForecast forecast = Ok(git->MergeTrees(kCtx, base, commit(a), commit(b)));
    CHECK(forecast.tree.empty() == !forecast.conflicts.empty());
    return Join(forecast.conflicts, ",");
  };
  const CommitId first = commit({WriteChange("f", "one\n2\n3\n4\n5\n6\n7\n8\n9\n")});
  const CommitId second = commit({WriteChange("f", "1\n2\n3\n4\n5\n6\n7\n8\nnine\n")});
  const MergeForecast clean = Ok(git->MergeTrees(kCtx, base, first, second));
  CHECK(clean.conflicts.empty());
  CHECK(repo.TryGit({"cat-file", "blob", clean.tree + ":f"}).out ==
        "one\n2\n3\n4\n5\n6\n7\n8\nnine\n");
  CHECK(Ok(git->MergeTrees(kCtx, base, second, first)).tree == clean.tree);
  CHECK(conflicts({WriteChange("f", "A\n")}, {WriteChange("f", "B\n")}) == "f");
  CHECK(conflicts({WriteChange("n\new", "A\n")}, {WriteChange("n\new", "B\n")}) == "n\new");
  CHECK(conflicts({DeleteChange("gone")}, {WriteChange("gone", "G\n")}) == "gone");
  CHECK(conflicts({WriteChange("f", "A\n"), WriteChange("x", "1")},
                  {WriteChange("f", "B\n"), WriteChange("x", "2")}) == "f,x");
  CHECK(conflicts({WriteChange("x", "1")}, {WriteChange("x", "1")}) == "");
  CHECK(Has(conflicts({WriteChange("dir", "file")}, {WriteChange("dir/same", "t\n")}), "dir"));
  const TreeId first_tree = repo.Git({"rev-parse", first + "^{tree}"});
  CHECK(Ok(git->MergeTrees(kCtx, base, first, base)).tree == first_tree);
  CHECK(Ok(git->MergeTrees(kCtx, base, base, first)).tree == first_tree);
  CHECK(Ok(git->MergeTrees(kCtx, base, first, first)).tree == first_tree);
}

TEST_CASE("TheGivenMergeBaseCountsNotTheOneOfHistory") {
  TestRepository repo;
  repo.Write("f", "1\n2\n3\n4\n5\n6\n7\n8\n9\n");
  const std::string root = repo.CommitAll();
  const auto git = Open(repo);
  const auto commit = [&](const CommitId& on, const char* bytes) {
    return Ok(
        git->Commit(kCtx, MakeCommit(on, Ok(git->WriteTree(kCtx, on, {WriteChange("f", bytes)})))));
  };
  // History says root; a merge on `given` takes the first line back, for `theirs` lacks it.
  const CommitId given = commit(root, "one\n2\n3\n4\n5\n6\n7\n8\n9\n");
  const CommitId ours = commit(given, "one\n2\n3\n4\nfive\n6\n7\n8\n9\n");
  const CommitId theirs = commit(root, "1\n2\n3\n4\n5\n6\n7\n8\nnine\n");
  const TreeId tree = Ok(git->MergeTrees(kCtx, given, ours, theirs)).tree;
  CHECK(repo.TryGit({"cat-file", "blob", tree + ":f"}).out == "1\n2\n3\n4\nfive\n6\n7\n8\nnine\n");
}

TEST_CASE("DiffsAreTextThatTheHunkReaderUnderstands") {
  TestRepository repo;
  Fill(repo);
  repo.Write("old name", "to go\n");
  const std::string base = repo.CommitAll();
  const auto git = Open(repo);
  const std::string odd = "q\"t\tn\n\xff.py";
  const TreeId tree = Ok(git->WriteTree(
      kCtx, base,
      {WriteChange("src/a.py", "a = 1\n\n\n\nb = 3\nc = 4\n"), WriteChange(odd, "x\n"),
       DeleteChange("old name"), WriteChange("bin", "no line feed"),
       WriteChange("zip", std::string("\0\1\2", 3))}));
  const CommitId commit = Ok(git->Commit(kCtx, MakeCommit(base, tree)));
  const std::string diff = Ok(git->Diff(kCtx, base, commit));
  CHECK(Has(diff, "+b = 3\n"));
  std::string hunks;
  for (const Hunk& hunk : Ok(ParseUnifiedDiff(diff))) {
    hunks += StrCat(hunk.file, ":", hunk.first, "+", hunk.count, ";");
  }
  CHECK(hunks == StrCat("bin:1+1;bin/run:0+0;old name:0+0;", odd, ":1+1;src/a.py:5+2;"));
  CHECK(Ok(git->Diff(kCtx, base, base)) == "");
}

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

TEST_CASE("EightThreadsCommitAndPinAtOnce") {
  TestRepository repo;
  Fill(repo);
  const std::string base = repo.CommitAll();
  const auto git = Open(repo);
  std::array<std::string, 8> faults;
  std::array<std::string, 8> trees;
  std::vector<std::thread> threads;
  for (size_t t = 0; t < faults.size(); ++t) {
    threads.emplace_back([&, t] {
      CommitId tip = base;
      for (int i = 0; i < 4 && faults[t].empty(); ++i) {
        const auto tree = git->WriteTree(
            kCtx, tip, {WriteChange(StrCat("t", t), StrCat(i)), WriteChange("same", StrCat(i))});
        const auto commit = tree.ok() ? git->Commit(kCtx, MakeCommit(tip, *tree))
                                      : StatusOr<CommitId>(tree.status());
        const Status pinned = commit.ok() ? git->UpdateRef(kCtx, StrCat("refs/coditect/r/", t),
                                                           i == 0 ? "" : tip, *commit)
                                          : commit.status();
        if (!pinned.ok()) faults[t] = pinned.ToString();
        if (pinned.ok()) tip = *commit;
        if (tree.ok()) trees[t] = *tree;
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  for (size_t t = 0; t < faults.size(); ++t) {
    CHECK(faults[t] == "");
    CHECK(repo.Git({"rev-parse", StrCat("refs/coditect/r/", t, "^{tree}")}) == trees[t]);
    CHECK(repo.Git({"rev-list", "--count", StrCat("refs/coditect/r/", t)}) == "5");
  }
  CHECK(repo.Fsck() == "");
}

TEST_CASE("CancelledAndLateCallsEnd") {
  TestRepository repo;
  const std::string base = repo.CommitAll();
  const auto git = Open(repo);
  const Context cancelled;
  cancelled.cancel.Cancel();
  CHECK(absl::IsCancelled(git->ListFiles(cancelled, base).status()));
  CHECK(absl::IsCancelled(git->UpdateRef(cancelled, "refs/coditect/r/1", "", base)));
  const Context late = Context().WithTimeout(std::chrono::milliseconds(0));
  CHECK(absl::IsDeadlineExceeded(git->WriteTree(late, base, {}).status()));
}

TEST_CASE("AnotherRepositoryAtThePathIsNoticed") {
  TestRepository repo;
  repo.CommitAll("one");
  RepositoryRef ref = Ok(TryResolve(repo.top())).ref;
  const auto open = [&] {
    return OpenRepository(
               kCtx,
               {.repository = ref, .state_folder = repo.folder().Sub("state"), .label = "test"})
        .status();
  };
  CHECK(open().ok());
  RepositoryRef good = ref;
  ref.base_commit = std::string(40, '1');
  CHECK(absl::IsFailedPrecondition(open()));
  ref = good;
  ref.base_tree = std::string(40, '1');
  CHECK(absl::IsFailedPrecondition(open()));
  ref = good;
  ref.common_dir += "/absent";
  CHECK(absl::IsNotFound(open()));
  ref = good;
  ref.object_format = "md5";
  CHECK(absl::IsInvalidArgument(open()));
}

}  // namespace coditect::git
