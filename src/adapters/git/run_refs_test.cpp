// What is dropped of old runs in a repository, and what never is.
#include "src/adapters/git/run_refs.h"

#include "src/adapters/git/testing.h"

namespace coditect::git {
namespace {

const Context kRunRefsCtx;

struct OldRuns {
  TestRepository repo;
  CommitId base = repo.CommitAll("base");
  CommitId mended = repo.CommitAll("mended");
  CommitId rival = repo.Git({"commit-tree", "-p", base, "-m", "rival", base + "^{tree}"});
  RunRefsOptions options{.repository = {.git_dir = repo.File(".git"),
                                        .common_dir = repo.File(".git"),
                                        .object_format = "sha1"},
                         .state_folder = repo.folder().Sub("state"),
                         .label = "test",
                         .runs = {{"r-1", mended}}};

  OldRuns() {
    for (const auto& [ref, commit] : std::map<std::string, CommitId>{
             {"refs/coditect/r-1/1/1-1", base},
             {"refs/coditect/r-1/2/1-2", rival},
             {"refs/coditect/r-1/tip", mended},
             {"refs/coditect/r-12/1/1-1", mended},  // another run, whatever its name begins with
             {"refs/heads/coditect/r-1", mended},
             {"refs/tags/r-1", rival}}) {
      repo.Git({"update-ref", ref, commit});
    }
  }
  std::string Refs() const { return repo.Git({"for-each-ref", "--format=%(refname)"}); }
};

}  // namespace

TEST_CASE_FIXTURE(OldRuns, "TheRefsOfARunAreListedWithWhatItsBranchHasNot") {
  const auto refs = Ok(ListRunRefs(kRunRefsCtx, options));
  REQUIRE_EQ(refs.size(), 3);
  for (const RunRef& ref : refs) {
    CHECK_EQ(ref.run, "r-1");
    CHECK_EQ(ref.delivered, ref.commit != rival);
  }
  options.runs = {{"r-1", ""}};
  for (const RunRef& ref : Ok(ListRunRefs(kRunRefsCtx, options))) CHECK_FALSE(ref.delivered);
  options.runs = {{"r-1", std::string(40, '1')}};  // its commit is gone
  for (const RunRef& ref : Ok(ListRunRefs(kRunRefsCtx, options))) CHECK_FALSE(ref.delivered);
}

TEST_CASE_FIXTURE(OldRuns, "OnlyTheRefsOfTheRunAreDropped") {
  repo.Git({"pack-refs", "--all"});
  Ok(DropRunRefs(kRunRefsCtx, options, Ok(ListRunRefs(kRunRefsCtx, options))));
  CHECK_EQ(Refs(),
           "refs/coditect/r-12/1/1-1\nrefs/heads/coditect/r-1\nrefs/heads/main\nrefs/tags/r-1");
  CHECK(Ok(ListRunRefs(kRunRefsCtx, options)).empty());
  CHECK_EQ(repo.Git({"status", "--porcelain"}), "");
}

TEST_CASE_FIXTURE(OldRuns, "ARefThatMovedSinceItWasSeenStaysAndTheOthersGo") {
  const auto refs = Ok(ListRunRefs(kRunRefsCtx, options));
  repo.Git({"update-ref", "refs/coditect/r-1/tip", rival});
  repo.Git({"update-ref", "-d", "refs/coditect/r-1/1/1-1"});
  Ok(DropRunRefs(kRunRefsCtx, options, refs));
  const auto left = Ok(ListRunRefs(kRunRefsCtx, options));
  REQUIRE_EQ(left.size(), 1);
  CHECK_EQ(left.front().ref, "refs/coditect/r-1/tip");
}

TEST_CASE_FIXTURE(OldRuns, "ARefOfNoSuchRunIsRefused") {
  const std::string before = Refs();
  for (const char* ref : {"refs/heads/main", "refs/heads/coditect/r-1", "refs/tags/r-1",
                          "refs/coditect/r-12/1/1-1", "refs/coditect/r-1"}) {
    CAPTURE(ref);
    const Status status =
        DropRunRefs(kRunRefsCtx, options, {{.run = "r-1", .ref = ref, .commit = mended}});
    CHECK(absl::IsInvalidArgument(status));
  }
  CHECK_EQ(Refs(), before);
}

TEST_CASE_FIXTURE(OldRuns, "ARepositoryThatIsGoneIsNotFound") {
  options.repository.common_dir = repo.folder().Sub("nowhere");
  CHECK(absl::IsNotFound(ListRunRefs(kRunRefsCtx, options).status()));
}

}  // namespace coditect::git
