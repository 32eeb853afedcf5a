// The base branch and patches.
#include "src/adapters/git/fast_forward.h"

#include <utility>

#include "src/adapters/git/git_dir.h"
#include "src/adapters/git/names.h"
#include "src/adapters/git/refs.h"
#include "src/base/file.h"
#include "src/domain/delivery.h"

namespace coditect::git {
namespace {

constexpr size_t kPatchBytesMax = size_t{64} << 20;

/// Of a git folder; the folder itself where its work tree is not known.
std::string WorkTreeOf(const std::string& git_dir) {
  constexpr std::string_view kDotGit = "/.git";
  if (git_dir.ends_with(kDotGit)) return git_dir.substr(0, git_dir.size() - kDotGit.size());
  const auto pointer = ReadFile(JoinPath(git_dir, "gitdir"), kPathBytesMax + 1);
  const std::string file(pointer.ok() ? TrimWhitespace(*pointer) : "");
  return file.ends_with(kDotGit) ? file.substr(0, file.size() - kDotGit.size()) : git_dir;
}

class GitDelivery final : public Delivery {
 public:
  GitDelivery(RepositoryRef ref, std::unique_ptr<GitDir> git, std::string guard_path)
      : ref_(std::move(ref)),
        branch_(BaseBranchRef(ref_)),
        git_(std::move(git)),
        refs_(*git_, {.common_dir = ref_.common_dir,
                      .object_format = ref_.object_format,
                      .guard_path = std::move(guard_path)}) {}

  StatusOr<BaseBranch> Look(const Context& ctx) override {
    BaseBranch out;
    if (!IsRefName(branch_)) return out;
    ASSIGN_OR_RETURN(out.commit, refs_.Read(ctx, branch_));
    if (out.commit.empty()) return out;
    ASSIGN_OR_RETURN(const std::string tree,
                     git_->Output(ctx, StrCat("read commit ", out.commit),
                                  {.args = {"rev-parse", "--verify", "--end-of-options",
                                            out.commit + "^{tree}"}}));
    out.tree = TrimWhitespace(tree);
    ASSIGN_OR_RETURN(out.contains_base, git_->IsAncestor(ctx, ref_.base_commit, out.commit));
    out.work_tree = WorkTreeOf(refs_.UserOf(branch_));
    return out;
  }

  Status FastForward(const Context& ctx, const CommitId& old_commit,
                     const CommitId& new_commit) override {
    if (branch_.empty()) return InvalidArgument("the base of the run is no branch");
    return refs_.FastForward(ctx, branch_, old_commit, new_commit);
  }

  StatusOr<std::string> Patch(const Context& ctx, const CommitId& from,
                              const CommitId& to) override {
    for (const CommitId& id : {from, to}) {
      if (IsObjectId(id, ref_.object_format)) continue;
      return InvalidArgument("'", EscapeForTerminal(id.substr(0, 80)), "' is no full object id");
    }
    return git_->Output(
        ctx, StrCat("write the commits from ", from, " to ", to, " as a patch"),
        {.args = {"format-patch", "--stdout", "--no-signature", "--full-index", "--binary",
                  "--no-renames", "--no-ext-diff", "--no-textconv", "--no-attach", "--no-thread",
                  "--no-relative", "--src-prefix=a/", "--dst-prefix=b/", StrCat(from, "..", to)},
         .stdout_bytes_max = kPatchBytesMax});
  }

 private:
  const RepositoryRef ref_;
  const std::string branch_;
  const std::unique_ptr<GitDir> git_;
  const Refs refs_;
};

}  // namespace

StatusOr<std::unique_ptr<Delivery>> OpenDelivery(const Context& ctx,
                                                 const RepositoryOptions& options) {
  const RepositoryRef& ref = options.repository;
  if (!PathExists(ref.common_dir)) {
    return NotFound("the repository ", Shown(ref.common_dir), " is not there any more");
  }
  ASSIGN_OR_RETURN(std::unique_ptr<GitDir> git, OpenGitDir(ctx, options));
  const std::string parent = JoinPath(options.state_folder, "git");
  return std::make_unique<GitDelivery>(ref, std::move(git), RefsGuardPath(parent, ref.common_dir));
}

}  // namespace coditect::git
