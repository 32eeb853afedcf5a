// Port Repository over the git program.
#include "src/adapters/git/repository.h"

#include <sys/stat.h>

#include <algorithm>
#include <utility>

#include "src/adapters/git/durability.h"
#include "src/adapters/git/git_dir.h"
#include "src/adapters/git/materialize.h"
#include "src/adapters/git/merge_tree.h"
#include "src/adapters/git/names.h"
#include "src/adapters/git/refs.h"
#include "src/adapters/git/tree.h"
#include "src/adapters/git/write_tree.h"
#include "src/base/crash_point.h"
#include "src/base/file.h"

namespace coditect::git {
namespace {

constexpr uint64_t kReadBytesMax = uint64_t{256} << 20;  // of one ReadBlobs
constexpr size_t kDiffBytesMax = size_t{64} << 20;
constexpr int64_t kWallMsMax = 253402300799000;  // the year 9999

// Collects small blobs in memory.
class BlobCollector final : public BlobSink {
 public:
  explicit BlobCollector(const std::vector<std::string>& ids) : ids_(ids) {}
  Status Begin(size_t index, uint64_t size_bytes) override {
    if (size_bytes > kReadBytesMax - total_) {
      return ResourceExhausted("the files to read have more than ", kReadBytesMax, " bytes");
    }
    total_ += size_bytes;
    current_ = &blobs_[ids_[index]];
    current_->reserve(size_bytes);
    return absl::OkStatus();
  }
  Status Piece(std::string_view bytes) override {
    *current_ += bytes;
    return absl::OkStatus();
  }
  Status End() override { return absl::OkStatus(); }
  std::map<std::string, std::string>& blobs() { return blobs_; }

 private:
  const std::vector<std::string>& ids_;
  uint64_t total_ = 0;
  std::map<std::string, std::string> blobs_;
  std::string* current_ = nullptr;
};

class GitRepository final : public Repository {
 public:
  GitRepository(RepositoryRef ref, std::unique_ptr<GitDir> git, std::string guard_path)
      : ref_(std::move(ref)),
        git_(std::move(git)),
        refs_(*git_, {.common_dir = ref_.common_dir,
                      .object_format = ref_.object_format,
                      .guard_path = std::move(guard_path)}) {}

  Status Start(const Context& ctx);

  StatusOr<std::vector<TreeEntry>> ListFiles(const Context& ctx,
                                             const std::string& tree_ish) override {
    RETURN_IF_ERROR(CheckId(tree_ish));
    return ReadTree(ctx, *git_, tree_ish, Sizes::kBytes);
  }

  StatusOr<std::map<std::string, std::string>> ReadBlobs(
      const Context& ctx, const std::vector<std::string>& object_ids) override;

  Status Materialize(const Context& ctx, const std::string& tree_ish,
                     const std::string& folder) override {
    RETURN_IF_ERROR(CheckId(tree_ish));
    return git::Materialize(ctx, *git_, tree_ish, folder, ref_.path);
  }

  StatusOr<TreeId> WriteTree(const Context& ctx, const std::string& tree_ish,
                             const std::vector<FileChange>& changes) override {
    RETURN_IF_ERROR(CheckId(tree_ish));
    return WithObjectsCrashPoint<TreeId>(
        "effect#objects", [&] { return git::WriteTree(ctx, *git_, tree_ish, changes); });
  }

  StatusOr<CommitId> Commit(const Context& ctx, const CommitRequest& request) override;
  StatusOr<MergeForecast> MergeTrees(const Context& ctx, const CommitId& base, const CommitId& ours,
                                     const CommitId& theirs) override;

  Status UpdateRef(const Context& ctx, const std::string& ref, const CommitId& old_commit,
                   const CommitId& new_commit) override {
    return refs_.Update(ctx, ref, old_commit, new_commit);
  }

  StatusOr<std::string> Diff(const Context& ctx, const CommitId& from, const CommitId& to) override;

 private:
  Status CheckId(const std::string& id) const {
    if (IsObjectId(id, ref_.object_format)) return absl::OkStatus();
    return InvalidArgument("'", EscapeForTerminal(id.substr(0, 80)), "' is no full object id");
  }
  StatusOr<TreeId> TreeOf(const Context& ctx, const std::string& id) const;
  StatusOr<MergeForecast> Merge(const Context& ctx, const CommitId& base, const CommitId& ours,
                                const CommitId& theirs) const;
  StatusOr<CommitId> WriteCommit(const Context& ctx, const CommitRequest& request,
                                 const Author& author) const;
  template <typename Result, typename Effect>
  StatusOr<Result> WithObjectsCrashPoint(std::string_view name, const Effect& effect) const;

  const RepositoryRef ref_;
  const std::unique_ptr<GitDir> git_;
  const Refs refs_;
};

// Torn is what a git killed while writing an object leaves: its temporary file.
template <typename Result, typename Effect>
StatusOr<Result> GitRepository::WithObjectsCrashPoint(std::string_view name,
                                                      const Effect& effect) const {
  const CrashMoment crash = CrashPointsActive() ? PassCrashPoint(name) : CrashMoment::kNone;
  if (crash == CrashMoment::kBefore) CrashNow();
  if (crash == CrashMoment::kTorn) {
    const std::string folder = JoinPath(git_->objects(), "00");
    MakeDirs(folder, 0755).IgnoreError();
    WriteFile(JoinPath(folder, "tmp_obj_torn00"), "x", 0444).IgnoreError();
    CrashNow();
  }
  StatusOr<Result> result = effect();
  if (crash == CrashMoment::kAfter) CrashNow();
  return result;
}

Status GitRepository::Start(const Context& ctx) {
  RETURN_IF_ERROR(refs_.Sweep());
  const StatusOr<TreeId> tree = TreeOf(ctx, ref_.base_commit);
  if (tree.ok() && *tree == ref_.base_tree) return absl::OkStatus();
  if (!tree.ok() && !absl::IsInternal(tree.status())) return tree.status();
  return FailedPrecondition("the base commit ", ref_.base_commit, " is not in ", ref_.common_dir,
                            " any more: was the repository replaced or its history pruned? Start ",
                            "a new run");
}

StatusOr<TreeId> GitRepository::TreeOf(const Context& ctx, const std::string& id) const {
  ASSIGN_OR_RETURN(
      const std::string out,
      git_->Output(ctx, StrCat("read commit ", id),
                   {.args = {"rev-parse", "--verify", "--end-of-options", StrCat(id, "^{tree}")}}));
  return std::string(TrimWhitespace(out));
}

StatusOr<std::map<std::string, std::string>> GitRepository::ReadBlobs(
    const Context& ctx, const std::vector<std::string>& object_ids) {
  for (const std::string& id : object_ids) RETURN_IF_ERROR(CheckId(id));
  std::vector<std::string> ids = object_ids;
  std::sort(ids.begin(), ids.end());
  ids.erase(std::unique(ids.begin(), ids.end()), ids.end());
  BlobCollector collector(ids);
  RETURN_IF_ERROR(StreamBlobs(ctx, *git_, ids, ids, collector));
  return std::move(collector.blobs());
}

StatusOr<CommitId> GitRepository::Commit(const Context& ctx, const CommitRequest& request) {
  RETURN_IF_ERROR(CheckId(request.parent));
  RETURN_IF_ERROR(CheckId(request.tree));
  if (!request.merged_parent.empty()) RETURN_IF_ERROR(CheckId(request.merged_parent));
  ASSIGN_OR_RETURN(const Author author, ParseAuthor(request.author));
  if (request.wall_ms < 0 || request.wall_ms > kWallMsMax) {
    return InvalidArgument("commit time ", request.wall_ms, " ms is out of range");
  }
  if (request.message.empty() || request.message.find('\0') != std::string::npos) {
    return InvalidArgument("a commit message must not be empty or contain a NUL byte");
  }
  return WithObjectsCrashPoint<CommitId>("effect#objects",
                                         [&] { return WriteCommit(ctx, request, author); });
}

StatusOr<CommitId> GitRepository::WriteCommit(const Context& ctx, const CommitRequest& request,
                                              const Author& author) const {
  const std::string date = StrCat("@", request.wall_ms / 1000, " +0000");
  GitCall call{.args = {"commit-tree", "-p", request.parent}, .stdin_bytes = request.message};
  if (!request.merged_parent.empty())
    call.args.insert(call.args.end(), {"-p", request.merged_parent});
  call.args.insert(call.args.end(), {"-F", "-", request.tree});
  for (const char* role : {"AUTHOR", "COMMITTER"}) {
    call.environment.push_back(StrCat("GIT_", role, "_NAME=", author.name));
    call.environment.push_back(StrCat("GIT_", role, "_EMAIL=", author.mail));
    call.environment.push_back(StrCat("GIT_", role, "_DATE=", date));
  }
  ASSIGN_OR_RETURN(const std::string out,
                   git_->Output(ctx, StrCat("commit tree ", request.tree), call));
  CommitId commit(TrimWhitespace(out));
  RETURN_IF_ERROR(SyncObjects(git_->objects(), {commit}));
  return commit;
}

StatusOr<MergeForecast> GitRepository::MergeTrees(const Context& ctx, const CommitId& base,
                                                  const CommitId& ours, const CommitId& theirs) {
  for (const CommitId& id : {base, ours, theirs}) RETURN_IF_ERROR(CheckId(id));
  if (ours == theirs || theirs == base || ours == base) {
    ASSIGN_OR_RETURN(const TreeId tree, TreeOf(ctx, theirs == base ? ours : theirs));
    return MergeForecast{.tree = tree};
  }
  return WithObjectsCrashPoint<MergeForecast>("effect#merge",
                                              [&] { return Merge(ctx, base, ours, theirs); });
}

StatusOr<MergeForecast> GitRepository::Merge(const Context& ctx, const CommitId& base,
                                             const CommitId& ours, const CommitId& theirs) const {
  ASSIGN_OR_RETURN(const ScratchFolder scratch, git_->NewScratch());
  GitCall call;
  if (git_->program().AtLeast(2, 40)) {
    call.args.push_back(StrCat("--merge-base=", base));
  } else {
    // Older ones find the merge base themselves; a graft file shows them a history of these three.
    const std::string grafts = JoinPath(scratch.path(), "grafts");
    RETURN_IF_ERROR(
        WriteFile(grafts, StrCat(ours, " ", base, "\n", theirs, " ", base, "\n", base, "\n")));
    call.environment.push_back(StrCat("GIT_GRAFT_FILE=", grafts));
  }
  call.args.insert(call.args.end(), {ours, theirs});
  ASSIGN_OR_RETURN(MergeForecast forecast, MergeTree(ctx, *git_, std::move(call),
                                                     StrCat("merge ", theirs, " into ", ours)));
  if (forecast.tree.empty()) return forecast;
  ASSIGN_OR_RETURN(const std::vector<TreeDifference> differences,
                   DiffTrees(ctx, *git_, ours, forecast.tree));
  std::vector<std::string> ids = {forecast.tree};
  for (const TreeDifference& difference : differences) ids.push_back(difference.new_id);
  RETURN_IF_ERROR(SyncObjects(git_->objects(), ids));
  return forecast;
}

StatusOr<std::string> GitRepository::Diff(const Context& ctx, const CommitId& from,
                                          const CommitId& to) {
  RETURN_IF_ERROR(CheckId(from));
  RETURN_IF_ERROR(CheckId(to));
  return git_->Output(ctx, StrCat("compare ", from, " with ", to),
                      {.args = {"diff-tree",
                                "-p",
                                "-r",
                                "--unified=3",
                                "--inter-hunk-context=0",
                                "--no-ext-diff",
                                "--no-textconv",
                                "--no-color",
                                "--no-renames",
                                "--no-relative",
                                "--full-index",
                                "--src-prefix=a/",
                                "--dst-prefix=b/",
                                "--diff-algorithm=myers",
                                "--no-indent-heuristic",
                                "--submodule=short",
                                "--ignore-submodules=none",
                                "--end-of-options",
                                from,
                                to,
                                "--"},
                       .stdout_bytes_max = kDiffBytesMax});
}

Status CheckFolder(const std::string& path) {
  struct stat info{};
  if (!path.empty() && path.front() == '/' && ::stat(path.c_str(), &info) == 0 &&
      S_ISDIR(info.st_mode)) {
    return absl::OkStatus();
  }
  return NotFound("the repository's folder ", EscapeForTerminal(path), " is not there any more");
}

}  // namespace

StatusOr<std::unique_ptr<Repository>> OpenRepository(const Context& ctx,
                                                     const RepositoryOptions& options) {
  const RepositoryRef& ref = options.repository;
  if (ref.object_format != "sha1" && ref.object_format != "sha256") {
    return InvalidArgument("object format '", EscapeForTerminal(ref.object_format),
                           "' is not known");
  }
  if (!IsObjectId(ref.base_commit, ref.object_format) ||
      !IsObjectId(ref.base_tree, ref.object_format)) {
    return InvalidArgument("the base is no full object id");
  }
  RETURN_IF_ERROR(CheckFolder(ref.path));
  RETURN_IF_ERROR(CheckFolder(ref.common_dir));
  ASSIGN_OR_RETURN(std::unique_ptr<GitDir> git, OpenGitDir(ctx, options));
  const std::string parent = JoinPath(options.state_folder, "git");
  auto repository =
      std::make_unique<GitRepository>(ref, std::move(git), RefsGuardPath(parent, ref.common_dir));
  RETURN_IF_ERROR(repository->Start(ctx));
  return repository;
}

}  // namespace coditect::git
