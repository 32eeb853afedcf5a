// The integrator at the end of a run: tests the result on the base branch as it is now where that
// is to move, and delivers.
#include <algorithm>

#include "src/agent/lease.h"
#include "src/agent/mission_resources.h"
#include "src/agent/moved_base.h"
#include "src/domain/delivery.h"

namespace coditect {
namespace {

constexpr size_t kNamesShown = 5;

std::string NamesShown(std::vector<std::string> names) {
  const size_t more = names.size() > kNamesShown ? names.size() - kNamesShown : 0;
  names.resize(names.size() - more);
  return EscapeForTerminal(
      StrCat(Join(names, ", "), more == 0 ? "" : StrCat(" and ", more, " more")));
}

Work BlockedDelivery(const Lease& lease, const std::string& sentence) {
  Work work;
  work.result = lease.NewResult(ResultOutcome::kBlocked,
                                StrCat(OutcomeWord(Outcome::kNotVerified), ": ", sentence));
  return work;
}

/// The repairs on the branch as it is now.
StatusOr<Work> IntegrateOnMoved(const Lease& lease, const BaseBranch& branch, const TreeId& tree) {
  ASSIGN_OR_RETURN(const MovedClaim claim, TestOnMoved(lease, branch, tree));
  Work work;
  if (claim.fault.empty()) {
    work.result = lease.NewResult(ResultOutcome::kSuccess);
  } else {
    work = BlockedDelivery(
        lease, StrCat("the repairs do not pass on ", lease.mission.request().repository.base_name,
                      " as it is now: ", claim.fault));
  }
  work.result.evidence = claim.evidence;
  work.result.usage = claim.usage;
  return work;
}

/// The tip on top of the moved branch, as one commit with both as parents.
StatusOr<CommitId> CommitOnMoved(const Lease& lease, Repository& git, const BaseBranch& branch,
                                 const TreeId& tree) {
  const MissionRequest& request = lease.mission.request();
  return git.Commit(
      lease.ctx, {.parent = branch.commit,
                  .merged_parent = lease.Parameter("tip"),
                  .tree = tree,
                  .author = request.author,
                  .message = StrCat("Merge the repairs of coditect run ", lease.wanted.mission_id,
                                    " into ", request.repository.base_name, "\n"),
                  .wall_ms = lease.services.clock.WallMs()});
}

StatusOr<Work> MoveBranch(const Lease& lease, Repository& git) {
  const CommitId commit = lease.Parameter("commit");
  const CommitId old_commit = lease.Parameter("old_commit");
  Work work;
  work.result = lease.NewResult(ResultOutcome::kSuccess);
  work.result.commit = commit;
  work.result.tree = lease.Parameter("tree");
  if (lease.Parameter("deliver") == DeliveryWord(DeliveryMode::kFastForward)) {
    ASSIGN_OR_RETURN(const auto delivery,
                     lease.services.open_delivery(lease.ctx, lease.mission.request()));
    const Status moved = delivery->FastForward(lease.ctx, old_commit, commit);
    if (absl::IsFailedPrecondition(moved)) {
      return BlockedDelivery(lease, std::string(Message(moved)));
    }
    if (absl::IsAborted(moved)) {
      work.result.outcome = ResultOutcome::kRefuted;
      work.result.reason = Message(moved);
      return work;
    }
    RETURN_IF_ERROR(moved);
  } else {
    RETURN_IF_ERROR(git.UpdateRef(lease.ctx, lease.Parameter("branch"), "", commit));
  }
  return work;
}

}  // namespace

StatusOr<Work> Integrate(const Lease& lease) {
  ASSIGN_OR_RETURN(Repository * git, lease.mission.repository(lease.ctx));
  RETURN_IF_ERROR(AdvanceTip(lease, *git));
  const RepositoryRef& ref = lease.mission.request().repository;
  ASSIGN_OR_RETURN(const auto delivery,
                   lease.services.open_delivery(lease.ctx, lease.mission.request()));
  ASSIGN_OR_RETURN(const BaseBranch branch, delivery->Look(lease.ctx));
  const std::string name = EscapeForTerminal(ref.base_name);
  if (branch.commit.empty()) return BlockedDelivery(lease, StrCat("branch ", name, " is gone"));
  if (!branch.contains_base) {
    return BlockedDelivery(lease, StrCat("branch ", name, " was rewritten: it does not contain ",
                                         ref.base_commit.substr(0, 12), " any more"));
  }
  Work work;
  work.result = lease.NewResult(ResultOutcome::kSuccess);
  work.result.commit = lease.Parameter("tip");
  work.result.tree = lease.Parameter("tip_tree");
  if (branch.commit != ref.base_commit) {
    ASSIGN_OR_RETURN(
        const MergeForecast forecast,
        git->MergeTrees(lease.ctx, ref.base_commit, branch.commit, lease.Parameter("tip")));
    if (forecast.tree.empty()) {
      return BlockedDelivery(lease, StrCat("branch ", name, " has moved and the repairs conflict ",
                                           "with it in ", NamesShown(forecast.conflicts)));
    }
    const auto seen = Split(lease.Parameter("verified_trees"), ' ');
    if (std::find(seen.begin(), seen.end(), forecast.tree) == seen.end()) {
      ASSIGN_OR_RETURN(work, IntegrateOnMoved(lease, branch, forecast.tree));
      if (work.result.outcome != ResultOutcome::kSuccess) return work;
    }
    work.result.tree = forecast.tree;
    ASSIGN_OR_RETURN(work.result.commit, CommitOnMoved(lease, *git, branch, forecast.tree));
    RETURN_IF_ERROR(
        git->UpdateRef(lease.ctx, StrCat("refs/coditect/", lease.Label()), "", work.result.commit));
  }
  work.result.outputs["base_at"] = branch.commit;
  return work;
}

StatusOr<Work> Deliver(const Lease& lease) {
  ASSIGN_OR_RETURN(Repository * git, lease.mission.repository(lease.ctx));
  RETURN_IF_ERROR(AdvanceTip(lease, *git));
  ASSIGN_OR_RETURN(Work work, MoveBranch(lease, *git));
  if (work.result.outcome != ResultOutcome::kSuccess) return work;
  if (lease.Parameter("deliver") == DeliveryWord(DeliveryMode::kPatch)) {
    const CommitId& base = lease.mission.request().repository.base_commit;
    ASSIGN_OR_RETURN(const auto delivery,
                     lease.services.open_delivery(lease.ctx, lease.mission.request()));
    ASSIGN_OR_RETURN(const std::string patch, delivery->Patch(lease.ctx, base, work.result.commit));
    ASSIGN_OR_RETURN(work.result.outputs["patch"], lease.services.blobs.Put(lease.ctx, patch));
  }
  ASSIGN_OR_RETURN(
      const std::string diff,
      git->Diff(lease.ctx, lease.mission.request().repository.base_commit, lease.Parameter("tip")));
  ASSIGN_OR_RETURN(work.result.outputs["diff"], lease.services.blobs.Put(lease.ctx, diff));
  return work;
}

}  // namespace coditect
