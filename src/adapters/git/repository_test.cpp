// Rules of the broker's verbs on ordinary repositories.
#include "src/adapters/git/repository.h"

#include <array>
#include <thread>

#include "src/adapters/git/testing.h"

namespace coditect::git {
namespace {

const Context kCtx;

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
  for (const std::string& id :
       std::vector<std::string>{"", "HEAD", "--help", "main", "-x", std::string(39, 'a')}) {
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

TEST_CASE("AFileAddedToARenamedFolderStaysWhereItWasPut") {
  TestRepository repo;
  repo.Write("d/a", "a\n1\n2\n3\n");
  repo.Write("d/b", "b\n1\n2\n3\n");
  const std::string base = repo.CommitAll();
  const auto git = Open(repo);
  const auto commit = [&](std::vector<FileChange> changes) {
    return Ok(git->Commit(kCtx, MakeCommit(base, Ok(git->WriteTree(kCtx, base, changes)))));
  };
  const CommitId renamed =
      commit({DeleteChange("d/a"), DeleteChange("d/b"), WriteChange("e/a", "a\n1\n2\n3\n"),
              WriteChange("e/b", "b\n1\n2\n3\n")});
  const CommitId added = commit({WriteChange("d/c", "c\n"), WriteChange("d/a", "A\n1\n2\n3\n")});
  const MergeForecast merged = Ok(git->MergeTrees(kCtx, base, renamed, added));
  CHECK(repo.Git({"ls-tree", "-r", "--name-only", merged.tree}) == "d/c\ne/a\ne/b");
  // A renamed file takes the other side's change along.
  CHECK(repo.TryGit({"cat-file", "blob", merged.tree + ":e/a"}).out == "A\n1\n2\n3\n");
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
