// Rules of resolving a path to a repository and base.
#include "src/adapters/git/resolve.h"

#include "src/adapters/git/initialise.h"
#include "src/adapters/git/testing.h"

namespace coditect::git {
namespace {

const Context kCtx;

struct Refusal {
  absl::StatusCode code;
  std::string message;
};

Refusal Refused(const std::string& path, const std::string& base = "") {
  const Status status = TryResolve(path, base).status();
  return {status.code(), Message(status)};
}

}  // namespace

TEST_CASE("ARepositoryIsResolvedFromAnyFolderOfIt") {
  TestRepository repo({}, "a b\n\"c\"");
  repo.Write("d/e/f", "x");
  const std::string base = repo.CommitAll();
  const ResolvedRepository at_top = Ok(TryResolve(repo.top()));
  CHECK(at_top.ref.path == repo.top());
  CHECK(at_top.ref.git_dir == repo.File(".git"));
  CHECK(at_top.ref.common_dir == repo.File(".git"));
  CHECK(at_top.ref.object_format == "sha1");
  CHECK(at_top.ref.base_commit == base);
  CHECK(at_top.ref.base_tree == repo.Git({"rev-parse", "HEAD^{tree}"}));
  CHECK(at_top.ref.base_name == "HEAD");
  CHECK(at_top.branch == "main");
  CHECK(at_top.files == 1);
  CHECK_FALSE(at_top.dirty);
  CHECK_FALSE(at_top.shallow);
  CHECK_FALSE(at_top.partial_clone);
  CHECK_FALSE(at_top.linked_worktree);
  CHECK_FALSE(at_top.branch_name_blocked);
  CHECK(at_top.operation == "");
  CHECK(Ok(TryResolve(repo.File("d/e"))).ref == at_top.ref);
  const std::string link = repo.folder().Sub("link");
  REQUIRE(::symlink(repo.top().c_str(), link.c_str()) == 0);
  CHECK(Ok(TryResolve(link)).ref == at_top.ref);
}

TEST_CASE("ABaseIsABranchATagOrACommit") {
  TestRepository repo;
  const std::string first = repo.CommitAll("first");
  repo.Git({"tag", "-a", "v1.0", "-m", "one"});
  repo.Git({"branch", "feature/x"});
  const std::string second = repo.CommitAll("second");
  repo.Git({"update-ref", "refs/remotes/origin/main", first});
  repo.Git({"pack-refs", "--all"});
  for (const std::string& name :
       {std::string("v1.0"), std::string("feature/x"), std::string("HEAD~1"), std::string("main^"),
        first, first.substr(0, 12), std::string("origin/main"),
        std::string("refs/heads/feature/x")}) {
    const ResolvedRepository resolved = Ok(TryResolve(repo.top(), name));
    CHECK(resolved.ref.base_commit == first);
    CHECK(resolved.ref.base_name == name);
  }
  CHECK(Ok(TryResolve(repo.top(), "main")).ref.base_commit == second);
}

TEST_CASE("ABaseThatIsNoneIsNamedWithTheNearest") {
  TestRepository repo;
  repo.Write("file", "x");
  repo.CommitAll();
  repo.Git({"branch", "release-2"});
  Refusal refusal = Refused(repo.top(), "relase-2");
  CHECK(refusal.code == absl::StatusCode::kInvalidArgument);
  CHECK_MESSAGE(Has(refusal.message, "did you mean 'release-2'?"), refusal.message);
  refusal = Refused(repo.top(), "zzz\x1b[2J");
  CHECK_MESSAGE(Has(refusal.message, "git branch -a"), refusal.message);
  CHECK(refusal.message.find('\x1b') == std::string::npos);
  CHECK(Refused(repo.top(), "HEAD:file").code == absl::StatusCode::kInvalidArgument);
  for (const std::string& name :
       std::vector<std::string>{"--all", "-h", "--git-dir", "--show-toplevel", "HEAD..main"}) {
    CHECK_MESSAGE(Refused(repo.top(), name).code == absl::StatusCode::kInvalidArgument, name);
  }
  CHECK(Refused(repo.top(), std::string(40, '1')).code == absl::StatusCode::kInvalidArgument);
}

TEST_CASE("WhatIsNoRepositoryIsRefusedWithTheNextStep") {
  TestFolder folder;
  Refusal refusal = Refused(folder.path());
  CHECK(refusal.code == absl::StatusCode::kNotFound);
  CHECK_MESSAGE(Has(refusal.message, "git init"), refusal.message);
  CHECK(Refused(folder.Sub("absent")).code == absl::StatusCode::kNotFound);
  Ok(WriteFile(folder.Sub("file"), ""));
  CHECK(Refused(folder.Sub("file")).code == absl::StatusCode::kNotFound);

  TestRepository bare({"--bare"});
  refusal = Refused(bare.top());
  CHECK(refusal.code == absl::StatusCode::kFailedPrecondition);
  CHECK_MESSAGE(Has(refusal.message, "bare"), refusal.message);

  TestRepository empty;
  refusal = Refused(empty.top());
  CHECK(refusal.code == absl::StatusCode::kFailedPrecondition);
  CHECK_MESSAGE(Has(refusal.message, "no commit yet on main"), refusal.message);
  refusal = Refused(empty.File(".git"));
  CHECK(refusal.code == absl::StatusCode::kFailedPrecondition);
  CHECK_MESSAGE(Has(refusal.message, ".git folder"), refusal.message);
}

TEST_CASE("ARepositoryOfAnotherPersonIsRefused") {
  TestRepository repo;
  repo.CommitAll();
  std::map<std::string, std::string> environment = NoEnvironment();
  environment["GIT_TEST_ASSUME_DIFFERENT_OWNER"] = "1";
  const Status status = Resolve(kCtx, repo.top(), "", environment).status();
  CHECK(absl::IsFailedPrecondition(status));
  CHECK_MESSAGE(Has(Message(status), "git config --global --add safe.directory " + repo.top()),
                Message(status));
  // The person's own trust counts, the repository's does not.
  repo.Git({"config", "safe.directory", "*"});
  CHECK_FALSE(Resolve(kCtx, repo.top(), "", environment).ok());
  Ok(WriteFile(repo.folder().Sub("config"), "[safe]\n\tdirectory = " + repo.top() + "\n"));
  environment["GIT_CONFIG_GLOBAL"] = repo.folder().Sub("config");
  CHECK(Ok(Resolve(kCtx, repo.top(), "", environment)).branch == "main");
}

TEST_CASE("DamageIsToldFromAbsence") {
  TestRepository repo;
  repo.Write("f", "x");
  const std::string base = repo.CommitAll();
  const auto object = [&](const std::string& id) {
    return repo.File(StrCat(".git/objects/", id.substr(0, 2), "/", id.substr(2)));
  };
  const std::string tree = repo.Git({"rev-parse", "HEAD^{tree}"});
  REQUIRE(::rename(object(tree).c_str(), repo.folder().Sub("tree").c_str()) == 0);
  CHECK(Refused(repo.top()).code == absl::StatusCode::kDataLoss);
  REQUIRE(::rename(repo.folder().Sub("tree").c_str(), object(tree).c_str()) == 0);
  REQUIRE(::chmod(object(base).c_str(), 0644) == 0);
  Ok(WriteFile(object(base), "garbage"));
  CHECK(Refused(repo.top()).code == absl::StatusCode::kDataLoss);
  Ok(RemoveTree(object(base)));
  const Refusal refusal = Refused(repo.top());
  CHECK(refusal.code == absl::StatusCode::kDataLoss);
  CHECK_MESSAGE(Has(refusal.message, "git fsck"), refusal.message);
  Ok(WriteFile(repo.File(".git/HEAD"), "nonsense"));
  CHECK(Refused(repo.top()).code == absl::StatusCode::kDataLoss);
}

TEST_CASE("ADamagedIndexOrConfigurationIsNamed") {
  TestRepository repo;
  repo.Write("f", "x");
  repo.CommitAll();
  const std::string index = Ok(ReadFile(repo.File(".git/index")));
  Ok(WriteFile(repo.File(".git/index"), "DIRCnonsense"));
  Refusal refusal = Refused(repo.top());
  CHECK(refusal.code == absl::StatusCode::kDataLoss);
  CHECK_MESSAGE(Has(refusal.message, "index"), refusal.message);
  Ok(WriteFile(repo.File(".git/index"), index));
  CHECK(TryResolve(repo.top()).ok());
  Ok(WriteFile(repo.File(".git/config"), "[core\n"));
  refusal = Refused(repo.top());
  CHECK(refusal.code == absl::StatusCode::kDataLoss);
  CHECK_MESSAGE(Has(refusal.message, "config"), refusal.message);
}

TEST_CASE("ExtensionsThatChangeTheFormatAreRefused") {
  TestRepository repo;
  repo.CommitAll();
  repo.Git({"config", "core.repositoryFormatVersion", "1"});
  repo.Git({"config", "extensions.preciousObjects", "true"});
  CHECK(TryResolve(repo.top()).ok());
  repo.Git({"config", "--file", repo.File(".git/config"), "extensions.refStorage", "reftable"});
  CHECK_FALSE(TryResolve(repo.top()).ok());
}

TEST_CASE("TheStateOfTheWorkTreeIsSeenWithoutTouchingIt") {
  TestRepository repo;
  repo.Write("f", "x\n");
  repo.Write("g", "y\n");
  repo.CommitAll();
  const auto dirty = [&] {
    const std::string index = Ok(ReadFile(repo.File(".git/index")));
    const bool answer = Ok(TryResolve(repo.top())).dirty;
    CHECK(Ok(ReadFile(repo.File(".git/index"))) == index);
    return answer;
  };
  CHECK_FALSE(dirty());
  repo.Write("untracked", "z");
  CHECK_FALSE(dirty());
  const timespec touched[2] = {{1'000'000'000, 0}, {1'000'000'000, 0}};
  REQUIRE(::utimensat(AT_FDCWD, repo.File("f").c_str(), touched, 0) == 0);
  CHECK_FALSE(dirty());
  repo.Write("f", "X\n");
  CHECK(dirty());
  repo.Git({"checkout", "-q", "f"});
  CHECK_FALSE(dirty());
  repo.Git({"rm", "-q", "--cached", "g"});
  CHECK(dirty());
  repo.Git({"reset", "-q"});
  REQUIRE(::chmod(repo.File("f").c_str(), 0755) == 0);
  CHECK(dirty());
  repo.Git({"config", "core.fileMode", "false"});
  CHECK_FALSE(dirty());
}

TEST_CASE("ConvertedLineEndingsAreNoChange") {
  TestRepository repo;
  repo.Git({"config", "core.autocrlf", "true"});
  repo.Write("f", "x\r\ny\r\n");
  repo.CommitAll();
  const timespec touched[2] = {{1'000'000'000, 0}, {1'000'000'000, 0}};
  REQUIRE(::utimensat(AT_FDCWD, repo.File("f").c_str(), touched, 0) == 0);
  CHECK_FALSE(Ok(TryResolve(repo.top())).dirty);
  CHECK(repo.Git({"status", "--porcelain"}) == "");  // the person's git agrees
}

TEST_CASE("SplitAndSparseIndexesAreRead") {
  TestRepository repo;
  for (int i = 0; i < 20; ++i) repo.Write(StrCat("d", i, "/f"), "x");
  repo.CommitAll();
  repo.Git({"update-index", "--split-index"});
  CHECK_FALSE(Ok(TryResolve(repo.top())).dirty);
  repo.Write("d3/f", "longer");
  CHECK(Ok(TryResolve(repo.top())).dirty);
  repo.Git({"checkout", "-q", "."});
  repo.Git({"update-index", "--no-split-index"});
  repo.Git({"sparse-checkout", "set", "--cone", "--sparse-index", "d1"});
  REQUIRE_FALSE(PathExists(repo.File("d3")));
  const ResolvedRepository resolved = Ok(TryResolve(repo.top()));
  CHECK_FALSE(resolved.dirty);
  CHECK(resolved.files == 20);
}

TEST_CASE("HeadMayBeDetachedAndOperationsUnderWay") {
  TestRepository repo;
  repo.Write("f", "1");
  repo.CommitAll();
  repo.Git({"checkout", "-q", "-b", "side"});
  repo.Write("f", "2");
  repo.CommitAll();
  repo.Git({"checkout", "-q", "main"});
  repo.Write("f", "3");
  repo.CommitAll();
  REQUIRE(repo.TryGit({"merge", "side"}).exit_code == 1);
  ResolvedRepository resolved = Ok(TryResolve(repo.top()));
  CHECK(resolved.operation == "merge");
  CHECK(resolved.dirty);
  repo.Git({"merge", "--abort"});
  REQUIRE(repo.TryGit({"rebase", "side"}).exit_code == 1);
  CHECK(Ok(TryResolve(repo.top())).operation == "rebase");
  repo.Git({"rebase", "--abort"});
  repo.Git({"checkout", "-q", "--detach"});
  resolved = Ok(TryResolve(repo.top()));
  CHECK(resolved.branch == "");
  CHECK(resolved.operation == "");
}

TEST_CASE("SubmodulesAndLfsPointersAreCounted") {
  TestRepository repo;
  const std::string base = repo.CommitAll();
  repo.Git({"update-index", "--add", "--cacheinfo", StrCat("160000,", base, ",vendor/sub")});
  repo.Git({"commit", "-q", "-m", "submodule"});
  ResolvedRepository resolved = Ok(TryResolve(repo.top()));
  CHECK(resolved.submodules == 1);
  CHECK(resolved.lfs_pointers == 0);
  const auto git = Open(repo);
  TestFolder work;
  Ok(git->Materialize(kCtx, resolved.ref.base_commit, work.path()));
  CHECK(Ok(ListDir(work.Sub("vendor/sub"))).empty());
  const Status replaced =
      git->WriteTree(kCtx, resolved.ref.base_commit, {WriteChange("vendor/sub/x", "")}).status();
  CHECK(absl::IsInvalidArgument(replaced));
  CHECK(Has(Message(replaced), "vendor/sub"));
  repo.Write(".gitattributes", "*.bin filter=lfs diff=lfs merge=lfs -text\n");
  repo.Write("a.bin", "version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 1234567\n");
  repo.Write("b.txt", "plain");
  repo.Git({"add", "a.bin", "b.txt", ".gitattributes"});
  repo.Git({"commit", "-q", "-m", "lfs"});
  CHECK(Ok(TryResolve(repo.top())).lfs_pointers == 1);
}

TEST_CASE("ABranchNamedCoditectIsReportedBeforehand") {
  TestRepository repo;
  repo.CommitAll();
  repo.Git({"branch", "coditect"});
  CHECK(Ok(TryResolve(repo.top())).branch_name_blocked);
}

TEST_CASE("TheAuthorIsWhomGitWouldName") {
  TestRepository repo;
  repo.CommitAll();
  CHECK(Ok(TryResolve(repo.top())).author == "Pat <pat@example.org>");
  repo.Git({"config", "user.name", "Local Name"});
  repo.Git({"config", "user.email", "local@example.org"});
  const auto author = [&](const std::map<std::string, std::string>& environment) {
    return Ok(Resolve(kCtx, repo.top(), "", environment));
  };
  CHECK(author({{"HOME", "/nonexistent"}}).author == "Local Name <local@example.org>");
  repo.Git({"config", "--unset", "user.name"});
  repo.Git({"config", "--unset", "user.email"});
  Ok(WriteFile(repo.folder().Sub(".gitconfig"),
               "[user]\n\tname = Home\n\temail = home@example.org\n"));
  CHECK(author({{"HOME", repo.folder().path()}}).author == "Home <home@example.org>");
  const ResolvedRepository nobody = author({{"HOME", "/nonexistent"}});
  CHECK(nobody.author_is_fallback);
  CHECK(nobody.author == kFallbackAuthor);
}

TEST_CASE("OnlyTheUnusualIsNoted") {
  TestRepository repo;
  repo.Write("f", "x");
  repo.CommitAll();
  CHECK(Notes(Ok(TryResolve(repo.top()))).empty());
  repo.Write("f", "y");
  CHECK(Has(Join(Notes(Ok(TryResolve(repo.top()))), "|"), "uncommitted"));
  ResolvedRepository all;
  all.operation = "merge";
  all.dirty = all.author_is_fallback = all.branch_name_blocked = true;
  all.shallow = all.partial_clone = true;
  all.submodules = all.lfs_pointers = 3;
  CHECK(Notes(all).size() == 5);  // what is here needs no note
  all.missing_submodules = {"libs/a", "libs/b"};
  all.missing_lfs = {"a.bin"};
  CHECK(Has(Join(Notes(all), "|"), "submodule libs/a (and of 1 more) is not here"));
  CHECK(Has(Join(Notes(all), "|"), "`git submodule update --init --recursive libs/a`"));
  CHECK(Has(Join(Notes(all), "|"), "a.bin is not here and it stays a git-lfs pointer: `git lfs"));
  CHECK(Notes(all).size() == 7);
}

TEST_CASE("AFolderIsMadeARepositoryOfOneCommit") {
  TestFolder folder;
  Ok(MakeDirs(folder.Sub("sub")));
  Ok(WriteFile(folder.Sub("sub/x"), "x\r\n"));
  Ok(WriteFile(folder.Sub(".gitignore"), "*\n"));
  Ok(Initialise(kCtx, folder.path(), "two words"));
  const ResolvedRepository resolved = Ok(TryResolve(folder.path()));
  CHECK(resolved.branch == "main");
  CHECK(resolved.files == 2);
  CHECK_FALSE(resolved.dirty);
  CHECK(absl::IsFailedPrecondition(Initialise(kCtx, folder.path(), "again")));
  CHECK_FALSE(Initialise(kCtx, folder.Sub("absent"), "x").ok());
}

TEST_CASE("AWorkTreeElsewhereIsNotFollowed") {
  TestRepository repo;
  repo.CommitAll();
  const std::string elsewhere = repo.folder().Sub("elsewhere");
  Ok(MakeDirs(elsewhere));
  repo.Git({"config", "core.worktree", elsewhere});
  const Refusal refusal = Refused(repo.top());
  CHECK(refusal.code == absl::StatusCode::kFailedPrecondition);
  CHECK_MESSAGE(Has(refusal.message, "core.worktree"), refusal.message);
}

TEST_CASE("ASubmodulesCheckoutIsARepositoryOfItsOwn") {
  TestRepository sub;
  sub.Write("s", "x");
  sub.CommitAll();
  TestRepository repo;
  repo.CommitAll();
  repo.Git({"-c", "protocol.file.allow=always", "submodule", "--quiet", "add", sub.top(), "sub"});
  repo.CommitAll();
  const ResolvedRepository inner = Ok(TryResolve(repo.File("sub")));
  CHECK(inner.ref.path == repo.File("sub"));
  CHECK(inner.ref.git_dir == repo.File(".git/modules/sub"));
  CHECK(Ok(TryResolve(repo.top())).submodules == 1);
}

TEST_CASE("NothingIsLeftInTheTemporaryFolder") {
  TestRepository repo;
  repo.CommitAll();
  const std::string temporary = repo.folder().Sub("tmp");
  Ok(MakeDirs(temporary));
  const char* before = ::getenv("TMPDIR");
  const std::string saved = before == nullptr ? "" : before;
  ::setenv("TMPDIR", temporary.c_str(), 1);
  CHECK(TryResolve(repo.top()).ok());
  CHECK(Ok(ListDir(temporary)).empty());
  ::setenv("TMPDIR", repo.folder().Sub("absent").c_str(), 1);
  const Status status = TryResolve(repo.top()).status();
  CHECK_MESSAGE(Has(Message(status), "TMPDIR"), Message(status));
  before == nullptr ? ::unsetenv("TMPDIR") : ::setenv("TMPDIR", saved.c_str(), 1);
}

}  // namespace coditect::git
