// Rules of the host-owned gitdir and of finding git.
#include "src/adapters/git/git_dir.h"

#include <sys/file.h>

#include "src/adapters/git/testing.h"

namespace coditect::git {
namespace {

const Context kCtx;

std::string FakeGit(const TestFolder& folder, const std::string& script) {
  const std::string path = folder.Sub("git");
  Ok(WriteFile(path, "#!/bin/sh\n" + script, 0755));
  return path;
}

}  // namespace

TEST_CASE("GitMustBeThereAndNewEnough") {
  TestFolder folder;
  CHECK(Ok(GitProgram::Find(kCtx)).AtLeast(2, 38));
  const Status absent = GitProgram::Find(kCtx, folder.Sub("git")).status();
  CHECK(absl::IsNotFound(absent));
  CHECK(Has(Message(absent), "apt install git"));
  const Status old = GitProgram::Find(kCtx, FakeGit(folder, "echo git version 2.37.9")).status();
  CHECK(absl::IsFailedPrecondition(old));
  CHECK(Has(Message(old), "2.37"));
  for (const char* script :
       {"echo hello", "exit 1", "echo git version x.y", "echo git version 2"}) {
    CHECK(absl::IsFailedPrecondition(GitProgram::Find(kCtx, FakeGit(folder, script)).status()));
  }
  const GitProgram apple =
      Ok(GitProgram::Find(kCtx, FakeGit(folder, "echo 'git version 2.50.1 (Vendor Git-155)'")));
  CHECK(apple.AtLeast(2, 50));
  CHECK_FALSE(apple.AtLeast(2, 51));
  CHECK_FALSE(apple.AtLeast(3, 0));
}

TEST_CASE("AHangingGitIsEndedByTheDeadline") {
  TestFolder folder;
  const std::string path = FakeGit(folder, "trap '' TERM; while :; do sleep 1; done");
  CHECK(absl::IsDeadlineExceeded(
      GitProgram::Find(Context().WithTimeout(std::chrono::milliseconds(100)), path).status()));
}

TEST_CASE("FailuresOfGitAreClassified") {
  const auto failure = [](const char* err) {
    return GitFailure("do it", {.exit_code = 128, .err = err});
  };
  CHECK(absl::IsResourceExhausted(failure("fatal: write error: No space left on device\n")));
  CHECK(absl::IsPermissionDenied(
      failure("error: insufficient permission for adding an object to repository database\n")));
  CHECK(absl::IsDataLoss(failure("error: inflate: data stream error\nfatal: bad tree\n")));
  CHECK(absl::IsInternal(failure("")));
  CHECK(Message(failure("warning: x\nfatal: some\x1b[2J reason\nhint: y\n\nLong story")) ==
        "cannot do it: some\\x1b[2J reason\\nhint: y");
  CHECK(Message(failure("")) == "cannot do it: git ended with exit code 128");
}

TEST_CASE("NewerGitsAreGivenTheMergeBaseByName") {
  TestRepository repo;
  repo.Write("f", "1\n");
  const std::string base = repo.CommitAll();
  const std::string program = FakeGit(
      repo.folder(),
      StrCat("[ \"$1\" = version ] && { echo git version 2.45.0; exit; }\n",
             "[ \"$1\" = merge-tree ] && { echo \"$@\" > '", repo.folder().Sub("argv"),
             "'; env > '", repo.folder().Sub("env"), "'; exit 128; }\nexec /usr/bin/git \"$@\"\n"));
  const ResolvedRepository resolved = Ok(TryResolve(repo.top()));
  const auto git = Ok(OpenRepository(kCtx, {.repository = resolved.ref,
                                            .state_folder = repo.folder().Sub("state"),
                                            .label = "test",
                                            .git_program = program}));
  const auto commit = [&](const char* bytes) {
    return Ok(git->Commit(
        kCtx, MakeCommit(base, Ok(git->WriteTree(kCtx, base, {WriteChange("f", bytes)})))));
  };
  CHECK_FALSE(git->MergeTrees(kCtx, base, commit("2\n"), commit("3\n")).ok());
  CHECK(Has(Ok(ReadFile(repo.folder().Sub("argv"))), "--merge-base=" + base));
  CHECK_FALSE(Has(Ok(ReadFile(repo.folder().Sub("env"))), "GRAFT"));
}

TEST_CASE("OurAttributesOutrankTheRepositorys") {
  TestRepository repo;
  repo.CommitAll();
  repo.Write(".gitattributes",
             "* text eol=crlf ident filter=x diff=x merge=union\n"
             "* working-tree-encoding=UTF-16\n");
  const auto git = Ok(GitDir::Create({.program = Ok(GitProgram::Find(kCtx)),
                                      .parent = repo.folder().Sub("state"),
                                      .label = "host-1",
                                      .common_dir = repo.File(".git")}));
  const std::string out =
      Ok(git->Output(kCtx, "look",
                     {.args = {"-c", "core.bare=false", "check-attr", "text", "eol", "ident",
                               "filter", "diff", "merge", "working-tree-encoding", "--", "f"},
                      .environment = {StrCat("GIT_WORK_TREE=", repo.top())},
                      .folder = repo.top()}));
  CHECK(out ==
        "f: text: unset\nf: eol: unspecified\nf: ident: unset\nf: filter: unspecified\n"
        "f: diff: unspecified\nf: merge: unspecified\n"
        "f: working-tree-encoding: unspecified\n");
}

TEST_CASE("GitdirsOfDeadOwnersAreSweptAndLivingOnesKept") {
  TestRepository repo;
  repo.CommitAll();
  const GitDir::Options options{.program = Ok(GitProgram::Find(kCtx)),
                                .parent = repo.folder().Sub("state"),
                                .label = "host-1",
                                .common_dir = repo.File(".git")};
  const auto living = Ok(GitDir::Create(options));
  const std::string dead = repo.folder().Sub("state/dead");
  const std::string without = repo.folder().Sub("state/without-lock");
  for (const std::string& path : {dead, without}) Ok(MakeDirs(path + "/scratch"));
  Ok(WriteFile(dead + "/lock", ""));
  REQUIRE(::symlink(repo.File(".git/refs").c_str(), (dead + "/refs").c_str()) == 0);
  const auto second = Ok(GitDir::Create(options));
  CHECK_FALSE(PathExists(dead));
  CHECK_FALSE(PathExists(without));
  CHECK(PathExists(living->path()));
  CHECK(PathExists(repo.File(".git/refs/heads/main")));
}

TEST_CASE("AGitdirIsHeldByTheGitsItStarted") {
  TestRepository repo;
  repo.CommitAll();
  const std::string parent = repo.folder().Sub("state");
  // Says where its gitdir is and lives until it is told.
  const std::string program =
      FakeGit(repo.folder(), StrCat("[ \"$1\" = version ] && { echo git version 2.39.0; exit; }\n",
                                    "readlink /proc/$$/fd/3\n"));
  const auto git = Ok(GitDir::Create({.program = Ok(GitProgram::Find(kCtx, program)),
                                      .parent = parent,
                                      .label = "host-1",
                                      .common_dir = repo.File(".git")}));
  CHECK(Ok(git->Output(kCtx, "try", {.args = {"x"}})) == git->path() + "/lock\n");
}

TEST_CASE("ScratchFoldersAreGoneAfterwards") {
  TestRepository repo;
  repo.CommitAll();
  const auto git = Ok(GitDir::Create({.program = Ok(GitProgram::Find(kCtx)),
                                      .parent = repo.folder().Sub("state"),
                                      .label = "host-1",
                                      .common_dir = repo.File(".git")}));
  std::string path;
  {
    const ScratchFolder scratch = Ok(git->NewScratch());
    path = scratch.path();
    Ok(WriteFile(JoinPath(path, "x"), ""));
  }
  CHECK_FALSE(PathExists(path));
}

}  // namespace coditect::git
