// The integrator: merges tested claims and tests what the merge made.
#include <algorithm>

#include "src/agent/lease.h"
#include "src/agent/test_run.h"
#include "src/domain/evidence.h"

namespace coditect {
namespace {

constexpr size_t kConflictsShown = 5;

std::string PinRef(const Lease& lease) { return StrCat("refs/coditect/", lease.Label()); }

bool HasWord(const std::string& words, const std::string& word) {
  const auto list = Split(words, ' ');
  return std::find(list.begin(), list.end(), word) != list.end();
}

/// The claim on top of the tip, as one clean commit.
StatusOr<CommitId> CommitMerged(const Lease& lease, Repository& git, const TreeId& tree) {
  CommitRequest request;
  request.parent = lease.Parameter("tip");
  request.tree = tree;
  request.author = lease.mission.request().author;
  request.wall_ms = lease.services.clock.WallMs();
  ASSIGN_OR_RETURN(request.message,
                   lease.services.blobs.Get(lease.ctx, lease.Parameter("message")));
  return git.Commit(lease.ctx, request);
}

StatusOr<Work> TestMerged(const Lease& lease, Repository& git, const TreeId& tree) {
  Work work;
  work.result = lease.NewResult(ResultOutcome::kSuccess);
  work.result.tree = tree;
  if (!HasWord(lease.Parameter("verified_trees"), tree)) {
    ASSIGN_OR_RETURN(const Baseline baseline, lease.Get<Baseline>(lease.Parameter("baseline")));
    ASSIGN_OR_RETURN(const FaultReport faults, lease.Get<FaultReport>(lease.Parameter("faults")));
    ASSIGN_OR_RETURN(const auto expected,
                     ExpectedIds(baseline, faults, lease.Parameter("clusters")));
    ASSIGN_OR_RETURN(const auto changes, ChangesFromBase(lease, tree));
    ASSIGN_OR_RETURN(const ClaimRun run,
                     RunClaim(lease, baseline, tree, changes, expected, WorkspaceUse::kProof,
                              lease.IntParameter("seed"), &work.result.usage));
    work.result.evidence = run.evidence;
    if (const std::string fault = run.Fault(); !fault.empty()) {
      work.result.outcome = ResultOutcome::kBlocked;
      work.result.reason = StrCat("not_verified: the merged repairs do not pass together: ", fault);
      return work;
    }
  }
  ASSIGN_OR_RETURN(work.result.commit, CommitMerged(lease, git, tree));
  RETURN_IF_ERROR(git.UpdateRef(lease.ctx, PinRef(lease), "", work.result.commit));
  return work;
}

}  // namespace

Status AdvanceTip(const Lease& lease, Repository& git) {
  if (lease.Parameter("tip_decided") != "1") return absl::OkStatus();
  const std::string ref = StrCat("refs/coditect/", lease.wanted.mission_id, "/tip");
  // The ledger decided it; the ref follows, from wherever an earlier attempt left it.
  const Status moved =
      git.UpdateRef(lease.ctx, ref, lease.Parameter("previous_tip"), lease.Parameter("tip"));
  if (!absl::IsAborted(moved)) return moved;
  return git.UpdateRef(lease.ctx, ref, "", lease.Parameter("tip"));
}

StatusOr<Work> Merge(const Lease& lease) {
  ASSIGN_OR_RETURN(Repository * git, lease.mission.repository(lease.ctx));
  RETURN_IF_ERROR(AdvanceTip(lease, *git));
  const CommitId claim = lease.Parameter("commit");
  if (lease.Parameter("tip_decided") != "1") {
    // Nothing but the base is below it: the claim itself is the merged commit.
    Work work;
    work.result = lease.NewResult(ResultOutcome::kSuccess);
    work.result.commit = claim;
    work.result.tree = lease.Parameter("tree");
    return work;
  }
  ASSIGN_OR_RETURN(const MergeForecast forecast,
                   git->MergeTrees(lease.ctx, lease.mission.request().repository.base_commit,
                                   lease.Parameter("tip"), claim));
  if (forecast.tree.empty()) {
    std::vector<std::string> shown = forecast.conflicts;
    if (shown.size() > kConflictsShown) shown.resize(kConflictsShown);
    Work work;
    work.result = lease.NewResult(
        ResultOutcome::kBlocked,
        StrCat("not_verified: two repairs conflict in ", EscapeForTerminal(Join(shown, ", "))));
    return work;
  }
  return TestMerged(lease, *git, forecast.tree);
}

}  // namespace coditect
