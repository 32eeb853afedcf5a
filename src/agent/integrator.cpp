// The integrator: merges tested claims and tests what the merge made.
#include <algorithm>

#include "src/agent/lease.h"
#include "src/agent/merged_tree.h"
#include "src/agent/mission_resources.h"

namespace coditect {
namespace {

constexpr size_t kConflictsShown = 5;

std::string PinRef(const Lease& lease) { return StrCat("refs/coditect/", lease.Label()); }

bool HasWord(const std::string& words, const std::string& word) {
  const auto list = Split(words, ' ');
  return std::find(list.begin(), list.end(), word) != list.end();
}

/// One repair of a batch.
struct BatchClaim {
  std::string claim;   // the verify task that saw it pass alone
  std::string repair;  // the task that made it: what a person is told
  CommitId commit;
  TreeId tree;
  BlobId message;
};

/// The claims that are in the tip: enough of them to say who conflicts.
std::vector<BatchClaim> ReadTip(const Lease& lease) {
  std::vector<BatchClaim> claims;
  if (lease.Parameter("tip_repairs").empty()) return claims;
  const auto repairs = Split(lease.Parameter("tip_repairs"), ' ');
  const auto commits = Split(lease.Parameter("tip_commits"), ' ');
  for (size_t i = 0; i < repairs.size() && i < commits.size(); ++i) {
    claims.push_back({.repair = repairs[i], .commit = commits[i]});
  }
  return claims;
}

StatusOr<std::vector<BatchClaim>> ReadBatch(const Lease& lease) {
  const auto claims = Split(lease.Parameter("claims"), ' ');
  const auto repairs = Split(lease.Parameter("repairs"), ' ');
  const auto commits = Split(lease.Parameter("commits"), ' ');
  const auto trees = Split(lease.Parameter("trees"), ' ');
  const auto messages = Split(lease.Parameter("messages"), ' ');
  const size_t count = claims.size();
  if (lease.Parameter("claims").empty() || repairs.size() != count || commits.size() != count ||
      trees.size() != count || messages.size() != count) {
    return InvalidArgument("the batch is malformed: '", lease.Parameter("claims"), "'");
  }
  std::vector<BatchClaim> batch;
  for (size_t i = 0; i < count; ++i) {
    batch.push_back({claims[i], repairs[i], commits[i], trees[i], messages[i]});
  }
  return batch;
}

/// Merges the claims of a batch one on top of the other, each as a commit of its own.
class Chain {
 public:
  Chain(const Lease& lease, Repository& git, bool on_base)
      : lease_(lease), git_(git), base_(lease.mission.request().repository.base_commit) {
    commit_ = on_base ? base_ : lease.Parameter("tip");
    tree_ = on_base ? lease.mission.request().repository.base_tree : lease.Parameter("tip_tree");
    if (!on_base) added_ = ReadTip(lease);
  }

  /// False when it conflicts with what is there; `conflict` says with what and where.
  StatusOr<bool> Add(const BatchClaim& claim) {
    if (commit_ == base_) {  // nothing but the base is below it: the claim is the merged commit
      commit_ = claim.commit;
      tree_ = claim.tree;
    } else {
      ASSIGN_OR_RETURN(const MergeForecast forecast,
                       git_.MergeTrees(lease_.ctx, base_, commit_, claim.commit));
      if (forecast.tree.empty()) {
        RETURN_IF_ERROR(Explain(claim, forecast.conflicts));
        return false;
      }
      CommitRequest request;
      request.parent = commit_;
      request.tree = forecast.tree;
      request.author = lease_.mission.request().author;
      request.wall_ms = lease_.services.clock.WallMs();
      ASSIGN_OR_RETURN(request.message, lease_.services.blobs.Get(lease_.ctx, claim.message));
      ASSIGN_OR_RETURN(commit_, git_.Commit(lease_.ctx, request));
      tree_ = forecast.tree;
    }
    added_.push_back(claim);
    commits_.push_back(commit_);
    return true;
  }

  const CommitId& commit() const { return commit_; }
  const TreeId& tree() const { return tree_; }
  const std::vector<CommitId>& commits() const { return commits_; }
  const std::string& conflict() const { return conflict_; }

 private:
  /// With which of the claims before it, if it is one alone.
  Status Explain(const BatchClaim& claim, std::vector<std::string> files) {
    if (files.size() > kConflictsShown) files.resize(kConflictsShown);
    std::string other = "the repairs before it";
    for (const BatchClaim& earlier : added_) {
      ASSIGN_OR_RETURN(const MergeForecast pair,
                       git_.MergeTrees(lease_.ctx, base_, earlier.commit, claim.commit));
      if (!pair.tree.empty()) continue;
      other = earlier.repair;
      break;
    }
    conflict_ = StrCat("conflict between ", other, " and ", claim.repair, " in ",
                       EscapeForTerminal(Join(files, ", ")));
    return absl::OkStatus();
  }

  const Lease& lease_;
  Repository& git_;
  const CommitId base_;
  CommitId commit_;
  TreeId tree_;
  std::vector<BatchClaim> added_;
  std::vector<CommitId> commits_;
  std::string conflict_;
};

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
  ASSIGN_OR_RETURN(const auto batch, ReadBatch(lease));
  const bool probe = lease.Parameter("probe") == "1";
  Chain chain(lease, *git, probe);
  Work work;
  work.result = lease.NewResult(ResultOutcome::kSuccess);
  for (const BatchClaim& claim : batch) {
    ASSIGN_OR_RETURN(const bool clean, chain.Add(claim));
    if (clean) continue;
    work.result.outcome = ResultOutcome::kRefuted;
    work.result.reason = chain.conflict();
    work.result.outputs["culprit"] = claim.claim;
    return work;
  }
  work.result.tree = chain.tree();
  if (probe) {
    RETURN_IF_ERROR(ProbeMerged(lease, chain.tree(), &work.result));
    return work;
  }
  if (!HasWord(lease.Parameter("verified_trees"), chain.tree())) {
    const Status tested = TestMerged(lease, chain.tree(), &work.result);
    if (!tested.ok()) lease.Spend(work.result.usage);
    RETURN_IF_ERROR(tested);
  }
  if (work.result.outcome != ResultOutcome::kSuccess) return work;
  work.result.commit = chain.commit();
  work.result.outputs["commits"] = Join(chain.commits(), " ");
  RETURN_IF_ERROR(git->UpdateRef(lease.ctx, PinRef(lease), "", work.result.commit));
  return work;
}

}  // namespace coditect
