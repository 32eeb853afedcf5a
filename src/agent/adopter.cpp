// The coder who searches nothing: adopts a candidate that somebody else made, if it holds.
#include <algorithm>

#include "src/agent/lease.h"
#include "src/agent/repair_message.h"
#include "src/agent/test_run.h"
#include "src/domain/evidence.h"

namespace coditect {
namespace {

constexpr uint32_t kSubmodule = 0160000;
constexpr size_t kFilesBytesMax = 1024;

class Adoption {
 public:
  explicit Adoption(const Lease& lease) : lease_(lease) {}

  StatusOr<Work> Run() {
    const CommitId candidate = lease_.Parameter("candidate");
    name_ = StrCat("candidate ", candidate.substr(0, 12));
    ASSIGN_OR_RETURN(baseline_, lease_.Get<Baseline>(lease_.Parameter("baseline")));
    ASSIGN_OR_RETURN(faults_, lease_.Get<FaultReport>(lease_.Parameter("faults")));
    const Status read = ReadChange(candidate);
    if (absl::IsNotFound(read) || absl::IsInvalidArgument(read) ||
        absl::IsFailedPrecondition(read) || absl::IsResourceExhausted(read)) {
      return Refuse(Message(read));  // about the candidate: another attempt would see the same
    }
    RETURN_IF_ERROR(read);
    return Judge();
  }

 private:
  Status ReadChange(const CommitId& candidate) {
    ASSIGN_OR_RETURN(Repository * git, lease_.mission.repository(lease_.ctx));
    ASSIGN_OR_RETURN(const auto entries, git->ListFiles(lease_.ctx, candidate));
    ASSIGN_OR_RETURN(const auto* base, lease_.mission.BaseFiles(lease_.ctx));
    for (const TreeEntry& entry : entries) {
      const auto old = base->find(entry.path);
      const bool same = old != base->end() && old->second.object_id == entry.object_id;
      if (entry.mode == kSubmodule && !same) {
        return FailedPrecondition("it moves the submodule ", EscapeForTerminal(entry.path),
                                  ", which no workspace holds");
      }
    }
    ASSIGN_OR_RETURN(changes_, ChangesFromBase(lease_, candidate));
    const TreeId& base_tree = lease_.mission.request().repository.base_tree;
    ASSIGN_OR_RETURN(tree_, git->WriteTree(lease_.ctx, base_tree, changes_));
    if (changes_.empty() || tree_ == base_tree) {
      return FailedPrecondition("it changes nothing of the base");
    }
    return absl::OkStatus();
  }

  StatusOr<Work> Judge() {
    for (const std::string& excluded : Split(lease_.Parameter("excluded_trees"), ' ')) {
      if (excluded == tree_) return Refuse("another agent saw it fail in a clean workspace");
    }
    ASSIGN_OR_RETURN(const auto expected,
                     ExpectedIds(baseline_, faults_, lease_.Parameter("clusters")));
    ASSIGN_OR_RETURN(const ClaimRun run,
                     RunClaim(lease_, baseline_, tree_, changes_, expected, WorkspaceUse::kSearch,
                              lease_.IntParameter("seed"), &usage_));
    const bool may_change = lease_.Parameter("changed_tests") == "1";
    if (may_change && run.evidence.tests_unchanged) {
      return Refuse("it changes no test, and was judged before");
    }
    const std::string fault = run.Fault();
    lease_.Think("CONFIRM", {{"patch", name_}, {"fault", fault}});
    if (!fault.empty()) return Refuse(fault);
    return Claim(run.evidence);
  }

  StatusOr<Work> Claim(const Evidence& evidence) {
    ASSIGN_OR_RETURN(Repository * git, lease_.mission.repository(lease_.ctx));
    Work work;
    TaskResult& result = work.result;
    result = lease_.NewResult(ResultOutcome::kSuccess);
    result.usage = usage_;
    CommitRequest commit;
    commit.parent = lease_.mission.request().repository.base_commit;
    commit.tree = tree_;
    commit.author = lease_.mission.request().author;
    commit.message = RepairMessage(lease_, baseline_, baseline_.goal, "adopt " + name_);
    commit.wall_ms = lease_.services.clock.WallMs();
    ASSIGN_OR_RETURN(result.commit, git->Commit(lease_.ctx, commit));
    RETURN_IF_ERROR(
        git->UpdateRef(lease_.ctx, "refs/coditect/" + lease_.Label(), "", result.commit));
    result.tree = tree_;
    result.evidence = evidence;
    result.outputs["summary"] = name_;
    std::string files;
    for (const FileChange& change : changes_) {
      files += (files.empty() ? "" : "\n") + change.path;
    }
    files.resize(std::min(files.size(), kFilesBytesMax));
    result.outputs["files"] = ReplaceInvalidUtf8(files);
    ASSIGN_OR_RETURN(result.outputs["message"],
                     lease_.services.blobs.Put(lease_.ctx, commit.message));
    return work;
  }

  StatusOr<Work> Refuse(std::string_view reason) {
    Work work;
    work.result = lease_.NewResult(ResultOutcome::kExhausted,
                                   StrCat("not_verified: ", name_, " is refused: ", reason));
    work.result.usage = usage_;
    return work;
  }

  const Lease& lease_;
  std::string name_;
  Baseline baseline_;
  FaultReport faults_;
  std::vector<FileChange> changes_;
  TreeId tree_;
  Usage usage_;
};

}  // namespace

StatusOr<Work> Adopt(const Lease& lease) { return Adoption(lease).Run(); }

}  // namespace coditect
