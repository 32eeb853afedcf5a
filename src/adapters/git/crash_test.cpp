// The broker dies at each of its named points; what it did is done again to the same end.
#include <signal.h>

#include <cstdlib>

#include "src/adapters/git/testing.h"

namespace coditect::git {
namespace {

const Context kCtx;

// A run of the broker from base to delivered branch; each step may have been done before.
StatusOr<CommitId> Deliver(const TestRepository* made, const std::string& top,
                           const std::string& state) {
  ASSIGN_OR_RETURN(const ResolvedRepository resolved, TryResolve(top));
  ASSIGN_OR_RETURN(const std::unique_ptr<Repository> git,
                   OpenRepository(kCtx, {.repository = resolved.ref,
                                         .state_folder = state,
                                         .label = made == nullptr ? "crashing" : "resuming"}));
  const CommitId base = resolved.ref.base_commit;
  std::vector<CommitId> tips;
  for (const char* name : {"a", "b"}) {
    ASSIGN_OR_RETURN(const TreeId tree,
                     git->WriteTree(kCtx, base, {WriteChange(StrCat("d/", name), "new\n")}));
    ASSIGN_OR_RETURN(const CommitId tip, git->Commit(kCtx, MakeCommit(base, tree)));
    RETURN_IF_ERROR(git->UpdateRef(kCtx, StrCat("refs/coditect/r/", name), "", tip));
    tips.push_back(tip);
  }
  ASSIGN_OR_RETURN(const MergeForecast merged, git->MergeTrees(kCtx, base, tips[0], tips[1]));
  ASSIGN_OR_RETURN(const CommitId commit, git->Commit(kCtx, MakeCommit(tips[0], merged.tree)));
  RETURN_IF_ERROR(git->UpdateRef(kCtx, "refs/heads/coditect/r", "", commit));
  return commit;
}

void Populate(const TestRepository& repo) {
  repo.Write("d/a", "old\n");
  repo.Write("d/b", "old\n");
  repo.CommitAll();
}

ProcessResult RunChild(const TestRepository& repo, const std::vector<std::string>& environment) {
  ProcessRequest request{.argv = {"/proc/self/exe", "--test-case=CrashingChild"},
                         .environment = {"PATH=/usr/bin:/bin", "TEST_TOP=" + repo.top(),
                                         "TEST_STATE=" + repo.folder().Sub("state")}};
  request.environment.insert(request.environment.end(), environment.begin(), environment.end());
  return Ok(RunProcess(kCtx, request));
}

// So that the stale lock need not be waited for.
void LetTimePass(const std::string& folder) {
  for (const std::string& name : Ok(ListDir(folder))) {
    const std::string path = JoinPath(folder, name);
    struct stat info{};
    REQUIRE(::lstat(path.c_str(), &info) == 0);
    if (S_ISDIR(info.st_mode)) LetTimePass(path);
    const timespec old[2] = {{1'000'000'000, 0}, {1'000'000'000, 0}};
    REQUIRE(::utimensat(AT_FDCWD, path.c_str(), old, 0) == 0);
  }
}

std::vector<std::string> LockFiles(const std::string& folder) {
  std::vector<std::string> out;
  for (const std::string& name : Ok(ListDir(folder))) {
    const std::string path = JoinPath(folder, name);
    struct stat info{};
    REQUIRE(::lstat(path.c_str(), &info) == 0);
    if (S_ISDIR(info.st_mode)) {
      for (std::string& found : LockFiles(path)) out.push_back(std::move(found));
    } else if (Has(name, ".lock")) {
      out.push_back(path);
    }
  }
  return out;
}

}  // namespace

// Run by the next test in a process of its own; without its variables it does nothing.
TEST_CASE("CrashingChild") {
  const char* top = std::getenv("TEST_TOP");
  const char* state = std::getenv("TEST_STATE");
  if (top == nullptr || state == nullptr) return;
  Ok(Deliver(nullptr, top, state).status());
}

TEST_CASE("EveryCrashPointIsResumedToTheSameCommit") {
  CommitId expected;
  std::vector<std::string> points;
  {
    TestRepository repo;
    Populate(repo);
    const std::string log = repo.folder().Sub("log");
    REQUIRE(RunChild(repo, {"CODITECT_CRASH_LOG=" + log}).exit_code == 0);
    points = Split(TrimWhitespace(Ok(ReadFile(log))), '\n');
    expected = repo.Git({"rev-parse", "refs/heads/coditect/r"});
  }
  CHECK(Join(points, " ") ==
        "effect#objects#1 effect#objects#2 effect#ref#1 effect#objects#3 effect#objects#4 "
        "effect#ref#2 effect#merge#1 effect#objects#5 effect#branch#1");
  for (const std::string& point : points) {
    for (const char* moment : {"before", "after", "torn"}) {
      CAPTURE(point);
      CAPTURE(moment);
      TestRepository repo;
      Populate(repo);
      const std::string at = StrCat("CODITECT_CRASH_AT=", point, ":", moment);
      REQUIRE(RunChild(repo, {at}).signal == SIGKILL);
      if (std::string(moment) == "torn" && !Has(point, "objects") && !Has(point, "merge")) {
        REQUIRE(LockFiles(repo.File(".git")).size() == 1);
      }
      LetTimePass(repo.File(".git/refs"));
      CHECK(Ok(Deliver(&repo, repo.top(), repo.folder().Sub("state"))) == expected);
      CHECK(repo.Git({"rev-parse", "refs/heads/coditect/r"}) == expected);
      CHECK(LockFiles(repo.File(".git")).empty());
      CHECK(repo.Fsck() == "");
      for (const std::string& name : Ok(ListDir(repo.folder().Sub("state/git")))) {
        CHECK_FALSE(Has(name, "crashing"));
      }
    }
  }
}

}  // namespace coditect::git
