// What becomes of a delivered branch.
#include "src/adapters/git/delivery.h"

#include <algorithm>
#include <cstdlib>
#include <memory>
#include <utility>

#include "src/adapters/git/discover.h"
#include "src/adapters/git/git_dir.h"
#include "src/adapters/git/merge_tree.h"
#include "src/adapters/git/names.h"
#include "src/adapters/git/refs.h"
#include "src/adapters/git/repository.h"
#include "src/base/file.h"

namespace coditect::git {
namespace {

constexpr std::string_view kHeads = "refs/heads/";

class Branch {
 public:
  static StatusOr<std::unique_ptr<Branch>> Open(const Context& ctx, const DeliveryOptions& options);

  StatusOr<Standing> Look(const Context& ctx) const;
  Status FindForecast(const Context& ctx, const CommitId& onto, Standing& standing) const;
  StatusOr<MergeForecast> Forecast(const Context& ctx, const CommitId& onto) const;
  StatusOr<TreeId> WriteMerge(const Context& ctx, const CommitId& onto) const;
  StatusOr<CommitId> BaseAt(const Context& ctx) const;
  StatusOr<bool> IsOpenBeside(const Context& ctx, const CommitId& other) const;
  const Refs& refs() const { return refs_; }
  const GitProgram& program() const { return git_->program(); }

 private:
  Branch(Delivered delivered, std::unique_ptr<GitDir> git, std::string guard_path)
      : delivered_(std::move(delivered)),
        git_(std::move(git)),
        refs_(*git_, {.common_dir = delivered_.repository.common_dir,
                      .object_format = delivered_.repository.object_format,
                      .guard_path = std::move(guard_path)}) {}

  const Delivered delivered_;
  const std::unique_ptr<GitDir> git_;
  const Refs refs_;
};

StatusOr<std::unique_ptr<Branch>> Branch::Open(const Context& ctx, const DeliveryOptions& options) {
  const RepositoryRef& ref = options.delivered.repository;
  if (!PathExists(ref.common_dir)) {
    return NotFound("the repository ", Shown(ref.common_dir), " is not there any more");
  }
  ASSIGN_OR_RETURN(std::unique_ptr<GitDir> git,
                   OpenGitDir(ctx, {.repository = ref,
                                    .state_folder = options.state_folder,
                                    .label = options.label,
                                    .git_program = "",
                                    .new_objects = options.new_objects}));
  const std::string parent = JoinPath(options.state_folder, "git");
  const std::string guard = RefsGuardPath(parent, ref.common_dir);
  return std::unique_ptr<Branch>(new Branch(options.delivered, std::move(git), guard));
}

/// How the delivered commit stands to the commit `onto`.
Status Branch::FindForecast(const Context& ctx, const CommitId& onto, Standing& standing) const {
  standing.base_at = onto;
  const CommitId& commit = delivered_.commit;
  ASSIGN_OR_RETURN(const std::string count,
                   git_->Output(ctx, StrCat("count the commits of ", onto),
                                {.args = {"rev-list", "--count", onto, StrCat("^", commit)}}));
  standing.behind = std::strtoull(count.c_str(), nullptr, 10);
  ASSIGN_OR_RETURN(standing.merged, git_->IsAncestor(ctx, commit, onto));
  ASSIGN_OR_RETURN(const bool base, git_->IsAncestor(ctx, delivered_.repository.base_commit, onto));
  standing.rewritten = !base && standing.behind > 0;
  if (standing.merged || standing.behind == 0) {
    standing.clean = true;
    standing.merged_tree = standing.merged ? "" : delivered_.tree;
    return absl::OkStatus();
  }
  ASSIGN_OR_RETURN(MergeForecast forecast, Forecast(ctx, onto));
  standing.clean = !forecast.tree.empty();
  standing.merged_tree = std::move(forecast.tree);
  standing.conflicts = std::move(forecast.conflicts);
  return absl::OkStatus();
}

/// Of the delivered commit with `onto`; neither tree nor conflict: they share no history.
StatusOr<MergeForecast> Branch::Forecast(const Context& ctx, const CommitId& onto) const {
  const CommitId& commit = delivered_.commit;
  ASSIGN_OR_RETURN(const ProcessResult shared,
                   git_->Run(ctx, {.args = {"merge-base", onto, commit}}));
  if (shared.exit_code == 1) return MergeForecast();
  // What the merge writes is for this look only.
  ASSIGN_OR_RETURN(const ScratchFolder scratch, git_->NewScratch());
  const GitCall call{.args = {onto, commit},
                     .environment = {StrCat("GIT_OBJECT_DIRECTORY=", scratch.path()),
                                     StrCat("GIT_ALTERNATE_OBJECT_DIRECTORIES=",
                                            JoinPath(git_->common_dir(), "objects"))}};
  return MergeTree(ctx, *git_, call, StrCat("forecast the merge of ", commit, " and ", onto));
}

StatusOr<TreeId> Branch::WriteMerge(const Context& ctx, const CommitId& onto) const {
  const std::string doing = StrCat("merge ", delivered_.commit, " into ", onto);
  ASSIGN_OR_RETURN(const MergeForecast merge,
                   MergeTree(ctx, *git_, {.args = {onto, delivered_.commit}}, doing));
  if (merge.tree.empty()) return Aborted("cannot ", doing, ": they conflict");
  return merge.tree;
}

StatusOr<CommitId> Branch::BaseAt(const Context& ctx) const {
  const std::string base = StrCat(kHeads, delivered_.repository.base_name);
  if (!IsRefName(base)) return CommitId();
  return refs_.Read(ctx, base);
}

StatusOr<bool> Branch::IsOpenBeside(const Context& ctx, const CommitId& other) const {
  ASSIGN_OR_RETURN(const ProcessResult known,
                   git_->Run(ctx, {.args = {"cat-file", "-e", StrCat(other, "^{commit}")}}));
  if (known.exit_code != 0) return false;
  ASSIGN_OR_RETURN(const CommitId base_at, BaseAt(ctx));
  std::vector<std::pair<CommitId, CommitId>> contained = {{other, delivered_.commit},
                                                          {delivered_.commit, other}};
  if (!base_at.empty()) contained.emplace_back(other, base_at);
  for (const auto& [part, whole] : contained) {
    ASSIGN_OR_RETURN(const bool inside, git_->IsAncestor(ctx, part, whole));
    if (inside) return false;
  }
  return true;
}

StatusOr<Standing> Branch::Look(const Context& ctx) const {
  Standing standing;
  if (!delivered_.branch.empty()) {
    ASSIGN_OR_RETURN(standing.branch_at, refs_.Read(ctx, delivered_.branch));
  }
  const std::string base = StrCat(kHeads, delivered_.repository.base_name);
  if (!IsRefName(base)) return standing;
  ASSIGN_OR_RETURN(const CommitId base_at, refs_.Read(ctx, base));
  if (base_at.empty()) return standing;
  standing.base_branch = delivered_.repository.base_name;
  RETURN_IF_ERROR(FindForecast(ctx, base_at, standing));
  return standing;
}

Status CheckMergeable(const ResolvedRepository& here, const Delivered& delivered) {
  const std::string where = Shown(here.ref.path);
  if (here.ref.common_dir != delivered.repository.common_dir) {
    return FailedPrecondition(where, " is not the run's repository: go to ",
                              Shown(delivered.repository.path));
  }
  if (!here.operation.empty()) {
    return FailedPrecondition("a ", here.operation, " is under way at ", where,
                              ": end it first (git status says how)");
  }
  if (here.dirty) {
    return FailedPrecondition("there are changes that are not committed at ", where,
                              ": commit them or put them aside (git stash) first");
  }
  if (here.branch.empty()) {
    return FailedPrecondition("no branch is checked out at ", where,
                              ": switch to the one to merge into (git switch)");
  }
  return absl::OkStatus();
}

/// The person's git at their work tree.
class PersonMerge {
 public:
  PersonMerge(const Context& ctx, const GitProgram& program, const ResolvedRepository& here,
              std::map<std::string, std::string> environment)
      : here_(here), person_(ctx, program, here.ref.path, WithPath(std::move(environment))) {}

  /// A commit of the tested tree with both as parents.
  StatusOr<CommitId> Commit(const Delivered& delivered, const TreeId& tree) const {
    if (here_.author_is_fallback) {
      return FailedPrecondition(
          "git knows no author for the merge commit: set user.name and user.email");
    }
    const std::string name = delivered.branch.substr(kHeads.size());
    ASSIGN_OR_RETURN(
        const ProcessResult result,
        person_.Run({"commit-tree", "-p", here_.ref.base_commit, "-p", delivered.commit, "-m",
                     StrCat("Merge branch '", name, "'"), tree}));
    if (result.exit_code != 0) return GitFailure("make the merge commit", result);
    return CommitId(TrimWhitespace(result.out));
  }

  /// Hooks could be files that the merge changes; a stash would hide what came up meanwhile.
  Status FastForward(const CommitId& to) const {
    ASSIGN_OR_RETURN(const ProcessResult result,
                     person_.Run({"-c", "core.hooksPath=/dev/null", "-c", "core.fsmonitor=false",
                                  "-c", "merge.autoStash=false", "-c", "submodule.recurse=false",
                                  "-c", "gc.auto=0", "-c", "maintenance.auto=false", "merge",
                                  "--ff-only", "--quiet", "--no-stat", to}));
    if (result.exit_code == 0) return absl::OkStatus();
    return FailedPrecondition("git does not merge at ", Shown(here_.ref.path), ": ",
                              Shown(TrimWhitespace(result.err)));
  }

 private:
  static std::map<std::string, std::string> WithPath(
      std::map<std::string, std::string> environment) {
    if (const char* path = std::getenv("PATH")) environment.insert_or_assign("PATH", path);
    return environment;
  }

  const ResolvedRepository& here_;
  const PersonGit person_;
};

}  // namespace

StatusOr<Standing> Look(const Context& ctx, const DeliveryOptions& options) {
  ASSIGN_OR_RETURN(const auto branch, Branch::Open(ctx, options));
  return branch->Look(ctx);
}

StatusOr<std::vector<OtherResult>> LookAtOthers(const Context& ctx, const DeliveryOptions& options,
                                                std::vector<OtherResult> others) {
  ASSIGN_OR_RETURN(const auto branch, Branch::Open(ctx, options));
  std::vector<OtherResult> out;
  for (OtherResult& other : others) {
    if (!IsObjectId(other.commit, options.delivered.repository.object_format)) continue;
    ASSIGN_OR_RETURN(const bool open, branch->IsOpenBeside(ctx, other.commit));
    if (!open) continue;
    ASSIGN_OR_RETURN(MergeForecast forecast, branch->Forecast(ctx, other.commit));
    other.merges_cleanly = !forecast.tree.empty();
    other.conflicts = std::move(forecast.conflicts);
    out.push_back(std::move(other));
  }
  return out;
}

StatusOr<bool> Undo(const Context& ctx, const DeliveryOptions& options, bool dry_run) {
  const Delivered& delivered = options.delivered;
  ASSIGN_OR_RETURN(const auto branch, Branch::Open(ctx, options));
  ASSIGN_OR_RETURN(const CommitId at, branch->refs().Read(ctx, delivered.branch));
  if (at.empty()) return false;
  const std::string name = delivered.branch.substr(kHeads.size());
  if (at != delivered.commit) {
    return FailedPrecondition("branch ", name, " was moved to ", at.substr(0, 12),
                              " since it was delivered at ", delivered.commit.substr(0, 12),
                              "; it is yours now: git branch -D ", name, " deletes it");
  }
  RETURN_IF_ERROR(branch->refs().CheckNotInUse(delivered.branch));
  if (dry_run) return true;
  RETURN_IF_ERROR(branch->refs().Delete(ctx, delivered.branch, delivered.commit));
  return true;
}

StatusOr<TreeId> WriteMerge(const Context& ctx, const DeliveryOptions& options,
                            const CommitId& onto) {
  ASSIGN_OR_RETURN(const auto branch, Branch::Open(ctx, options));
  return branch->WriteMerge(ctx, onto);
}

StatusOr<MergeOutcome> Merge(const Context& ctx, const DeliveryOptions& options,
                             const std::string& folder, const std::vector<TreeId>& tested,
                             bool dry_run, const std::map<std::string, std::string>& environment) {
  const Delivered& delivered = options.delivered;
  ASSIGN_OR_RETURN(const ResolvedRepository here, Resolve(ctx, folder, "", environment));
  RETURN_IF_ERROR(CheckMergeable(here, delivered));
  ASSIGN_OR_RETURN(const auto branch, Branch::Open(ctx, options));
  MergeOutcome outcome{.work_tree = here.ref.path, .standing = {.base_branch = here.branch}};
  ASSIGN_OR_RETURN(outcome.standing.branch_at, branch->refs().Read(ctx, delivered.branch));
  RETURN_IF_ERROR(branch->FindForecast(ctx, here.ref.base_commit, outcome.standing));
  const Standing& standing = outcome.standing;
  if (standing.merged) return outcome;
  const bool as_delivered = standing.merged_tree == delivered.tree;
  if (!as_delivered &&
      std::find(tested.begin(), tested.end(), standing.merged_tree) == tested.end()) {
    outcome.kind = MergeKind::kUntested;
    return outcome;
  }
  outcome.kind = standing.behind == 0 ? MergeKind::kFastForward : MergeKind::kMergeCommit;
  const PersonMerge person(ctx, branch->program(), here, environment);
  if (dry_run) return outcome;
  outcome.to = delivered.commit;
  if (outcome.kind == MergeKind::kMergeCommit) {
    TreeId tree = delivered.tree;
    if (!as_delivered) {
      ASSIGN_OR_RETURN(tree, branch->WriteMerge(ctx, here.ref.base_commit));
      if (tree != standing.merged_tree) {
        return Internal("git merges ", delivered.commit, " in two ways; try again");
      }
    }
    ASSIGN_OR_RETURN(outcome.to, person.Commit(delivered, tree));
  }
  RETURN_IF_ERROR(person.FastForward(outcome.to));
  return outcome;
}

}  // namespace coditect::git
