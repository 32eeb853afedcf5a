// Message, commit and pin of a claim.
#include "src/agent/claim_commit.h"

#include "src/agent/repair_message.h"

namespace coditect {
namespace {

constexpr size_t kClaimOutputBytesMax = 1024;

std::string ShortOutput(std::string text) {
  if (text.size() > kClaimOutputBytesMax) text.resize(kClaimOutputBytesMax);
  return ReplaceInvalidUtf8(text);
}

}  // namespace

Status CommitClaim(const Lease& lease, const ClaimText& claim, TaskResult* result) {
  ASSIGN_OR_RETURN(Repository * git, lease.mission.repository(lease.ctx));
  CommitRequest commit;
  commit.parent = lease.mission.request().repository.base_commit;
  commit.tree = claim.tree;
  commit.author = lease.mission.request().author;
  commit.message = ClaimMessage(lease, claim.summary, claim.mended);
  commit.wall_ms = lease.services.clock.WallMs();
  ASSIGN_OR_RETURN(result->commit, git->Commit(lease.ctx, commit));
  RETURN_IF_ERROR(git->UpdateRef(lease.ctx, "refs/coditect/" + lease.Label(), "", result->commit));
  result->tree = claim.tree;
  result->outputs["summary"] = ShortOutput(claim.summary);
  std::string files;
  for (const FileChange& change : claim.changes) files += (files.empty() ? "" : "\n") + change.path;
  result->outputs["files"] = ShortOutput(files);
  ASSIGN_OR_RETURN(result->outputs["message"], lease.services.blobs.Put(lease.ctx, commit.message));
  return absl::OkStatus();
}

}  // namespace coditect
