// From a path to a repository and base commit.
#include "src/adapters/git/resolve.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>
#include <utility>
#include <vector>

#include "src/adapters/git/config.h"
#include "src/adapters/git/discover.h"
#include "src/adapters/git/git_dir.h"
#include "src/adapters/git/head.h"
#include "src/adapters/git/lfs.h"
#include "src/adapters/git/modules.h"
#include "src/adapters/git/names.h"
#include "src/adapters/git/tree.h"
#include "src/base/file.h"

namespace coditect::git {
namespace {

constexpr size_t kRefNamesMax = 20'000;
constexpr size_t kAttributesFilesMax = 1000;
constexpr uint64_t kPointerBytesMax = 1024;
constexpr size_t kPointerCandidatesMax = 20'000;

// All that is read through our own gitdir.
class Reader {
 public:
  Reader(const Context& ctx, const GitDir& git, ResolvedRepository& out)
      : ctx_(ctx), git_(git), out_(out) {}

  Status ResolveBase(const std::string& base_name);
  Status ReadFiles();
  Status ReadStatus(const RepositoryConfig& config);
  StatusOr<bool> HasRef(const std::string& ref) const;

 private:
  StatusOr<std::string> RevParse(const std::string& name) const;
  Status NoSuchBase(const std::string& base_name) const;
  Status CountPointers(const std::vector<TreeEntry>& entries);

  const Context& ctx_;
  const GitDir& git_;
  ResolvedRepository& out_;
};

// The full id, "" when there is nothing of that name.
StatusOr<std::string> Reader::RevParse(const std::string& name) const {
  ASSIGN_OR_RETURN(
      const ProcessResult result,
      git_.Run(ctx_, {.args = {"rev-parse", "--verify", "--quiet", "--end-of-options", name},
                      .environment = {StrCat("GIT_WORK_TREE=", out_.ref.path)}}));
  return result.exit_code == 0 ? std::string(TrimWhitespace(result.out)) : "";
}

Status Reader::NoSuchBase(const std::string& base_name) const {
  ASSIGN_OR_RETURN(const std::string listing,
                   git_.Output(ctx_, "list branches and tags",
                               {.args = {"for-each-ref", StrCat("--count=", kRefNamesMax),
                                         "--format=%(refname:lstrip=2)", "refs/heads", "refs/tags",
                                         "refs/remotes"}}));
  const std::string nearest = NearestWord(base_name, Split(TrimWhitespace(listing), '\n'));
  const std::string hint = nearest.empty() ? "git branch -a and git tag list what there is"
                                           : StrCat("did you mean '", Shown(nearest), "'?");
  return InvalidArgument("there is no commit '", Shown(base_name), "' in ", Shown(out_.ref.path),
                         ": ", hint);
}

Status Reader::ResolveBase(const std::string& base_name) {
  const std::string name = base_name.empty() ? "HEAD" : base_name;
  if (name.find('\0') != std::string::npos || name.size() > kPathBytesMax) {
    return InvalidArgument("the base's name is too long or contains a NUL byte");
  }
  ASSIGN_OR_RETURN(const std::string object, RevParse(name));
  if (object.empty()) {
    if (name != "HEAD") return NoSuchBase(name);
    return FailedPrecondition(Shown(out_.ref.path), " has no commit yet",
                              out_.branch.empty() ? "" : StrCat(" on ", Shown(out_.branch)),
                              ": make the first one (git add, git commit)");
  }
  ASSIGN_OR_RETURN(out_.ref.base_commit, RevParse(object + "^{commit}"));
  if (!out_.ref.base_commit.empty()) {
    ASSIGN_OR_RETURN(out_.ref.base_tree, RevParse(out_.ref.base_commit + "^{tree}"));
  }
  if (out_.ref.base_tree.empty()) {
    ASSIGN_OR_RETURN(const ProcessResult type,
                     git_.Run(ctx_, {.args = {"cat-file", "-t", object}}));
    if (type.exit_code == 0 && out_.ref.base_commit.empty() && type.out != "commit\n") {
      return InvalidArgument("'", Shown(name), "' is a ", Shown(TrimWhitespace(type.out)),
                             ", not a commit: name a branch, tag or commit");
    }
    // Git takes any full id for a name; nothing but the person says that it exists.
    if (type.exit_code != 0 && object == name) return NoSuchBase(name);
    return DataLoss("commit ", object, " (", Shown(name), ") cannot be read: the repository is ",
                    "damaged; see what `git fsck` says and restore from a clone or backup");
  }
  out_.ref.base_name = name;
  return absl::OkStatus();
}

Status Reader::ReadFiles() {
  ASSIGN_OR_RETURN(const std::vector<TreeEntry> entries, ReadTree(ctx_, git_, out_.ref.base_tree));
  for (const TreeEntry& entry : entries) {
    (entry.mode == kModeSubmodule ? out_.submodules : out_.files) += 1;
  }
  if (out_.submodules > 0) {
    ASSIGN_OR_RETURN(out_.missing_submodules,
                     MissingSubmodules(ctx_, git_, entries, out_.ref.path));
  }
  return CountPointers(entries);
}

// Looks at each small blob's first bytes.
class PointerCounter final : public BlobSink {
 public:
  explicit PointerCounter(std::string common_dir = "") : common_dir_(std::move(common_dir)) {}
  Status Begin(size_t index, uint64_t) override {
    index_ = index;
    head_.clear();
    return absl::OkStatus();
  }
  Status Piece(std::string_view bytes) override {
    if (head_.size() < kPointerBytesMax) head_ += bytes.substr(0, kPointerBytesMax);
    return absl::OkStatus();
  }
  Status End() override {
    attributes_lfs_ |= Contains(head_, "filter=lfs");
    if (!head_.starts_with("version https://git-lfs.github.com/spec/")) return absl::OkStatus();
    pointers_ += 1;
    const auto pointer = ParseLfsPointer(head_);
    if (!pointer.has_value() || !HasLfsObject(common_dir_, *pointer)) missing_.push_back(index_);
    return absl::OkStatus();
  }
  bool attributes_lfs() const { return attributes_lfs_; }
  uint64_t pointers() const { return pointers_; }
  const std::vector<size_t>& missing() const { return missing_; }

 private:
  const std::string common_dir_;
  size_t index_ = 0;
  std::string head_;
  std::vector<size_t> missing_;
  bool attributes_lfs_ = false;
  uint64_t pointers_ = 0;
};

// Only where a .gitattributes speaks of LFS; then the files of a pointer's size are looked at.
Status Reader::CountPointers(const std::vector<TreeEntry>& entries) {
  std::vector<std::string> ids;
  for (const TreeEntry& entry : entries) {
    if (BaseName(entry.path) == ".gitattributes" && entry.mode == kModeFile &&
        ids.size() < kAttributesFilesMax) {
      ids.push_back(entry.object_id);
    }
  }
  PointerCounter attributes;
  // Contents that were never fetched are reported when they are needed.
  const Status read = StreamBlobs(ctx_, git_, ids, ids, attributes);
  if (absl::IsFailedPrecondition(read)) return absl::OkStatus();
  RETURN_IF_ERROR(read);
  if (!attributes.attributes_lfs()) return absl::OkStatus();
  const StatusOr<std::vector<TreeEntry>> sized =
      ReadTree(ctx_, git_, out_.ref.base_tree, Sizes::kBytes);
  if (!sized.ok()) return out_.partial_clone ? absl::OkStatus() : sized.status();
  ids.clear();
  std::vector<std::string> names;
  for (const TreeEntry& entry : *sized) {
    const bool file = entry.mode == kModeFile || entry.mode == kModeExecutable;
    if (file && entry.size_bytes > 0 && entry.size_bytes <= kPointerBytesMax &&
        ids.size() < kPointerCandidatesMax) {
      ids.push_back(entry.object_id);
      names.push_back(entry.path);
    }
  }
  PointerCounter pointers(git_.common_dir());
  RETURN_IF_ERROR(StreamBlobs(ctx_, git_, ids, ids, pointers));
  out_.lfs_pointers = pointers.pointers();
  for (const size_t index : pointers.missing()) out_.missing_lfs.push_back(names[index]);
  return absl::OkStatus();
}

// The repository's eol attributes hold here, or every file touched since would count as changed
// where they convert; filters have no program in our configuration.
Status Reader::ReadStatus(const RepositoryConfig& config) {
  GitCall call{.environment = {StrCat("GIT_WORK_TREE=", out_.ref.path),
                               StrCat("GIT_INDEX_FILE=", JoinPath(out_.ref.git_dir, "index"))}};
  call.args = {"-c", "core.bare=false"};
  for (const std::string& setting : config.index_settings) {
    call.args.insert(call.args.end(), {"-c", setting});
  }
  call.args.insert(call.args.end(), {"status", "--porcelain", "-z", "--untracked-files=no",
                                     "--ignore-submodules=all", "--no-renames"});
  bool changed = false;
  call.on_stdout = [&changed](std::string_view) {
    changed = true;
    return absl::OkStatus();
  };
  ASSIGN_OR_RETURN(const ProcessResult result, git_.Run(ctx_, call));
  if (result.exit_code != 0) {
    return DataLoss(
        "git cannot compare the work tree with its index: ", Shown(TrimWhitespace(result.err)),
        "; see what `git status` says in ", Shown(out_.ref.path));
  }
  out_.dirty = changed;
  return absl::OkStatus();
}

StatusOr<bool> Reader::HasRef(const std::string& ref) const {
  ASSIGN_OR_RETURN(const std::string id, RevParse(ref));
  return !id.empty();
}

StatusOr<ScratchFolder> TemporaryFolder() {
  const char* folder = std::getenv("TMPDIR");
  const bool usable = folder != nullptr && folder[0] == '/';
  std::string path = JoinPath(usable ? folder : "/tmp", "coditect-XXXXXX");
  if (::mkdtemp(path.data()) == nullptr) {
    return ErrnoStatus(errno, "cannot make a temporary folder ", path, "; set TMPDIR to one that ",
                       "can be written");
  }
  return ScratchFolder(path);
}

std::string AndMore(const std::vector<std::string>& paths) {
  return paths.size() == 1 ? "" : StrCat(" (and of ", paths.size() - 1, " more)");
}

}  // namespace

std::map<std::string, std::string> PersonEnvironment() {
  std::map<std::string, std::string> out;
  for (const char* name :
       {"HOME", "XDG_CONFIG_HOME", "USER", "LOGNAME", "EMAIL", "SUDO_UID", "GIT_AUTHOR_NAME",
        "GIT_AUTHOR_EMAIL", "GIT_CONFIG_GLOBAL", "GIT_CONFIG_SYSTEM", "GIT_CONFIG_NOSYSTEM",
        "GIT_CEILING_DIRECTORIES", "GIT_DISCOVERY_ACROSS_FILESYSTEM"}) {
    if (const char* value = std::getenv(name)) out.emplace(name, value);
  }
  return out;
}

std::vector<std::string> Notes(const ResolvedRepository& repository, bool include_uncommitted) {
  std::vector<std::string> notes;
  if (include_uncommitted) {
    // What is taken of them is told by whoever takes it.
  } else if (!repository.operation.empty()) {
    notes.push_back(StrCat("a ", repository.operation, " is under way here; the run starts from ",
                           "the last commit"));
  } else if (repository.dirty) {
    notes.emplace_back(
        "uncommitted changes are not part of the run: it starts from the commit "
        "(--include-uncommitted takes them along)");
  }
  if (repository.author_is_fallback) {
    notes.push_back(StrCat("git knows no author here; commits will be by ", kFallbackAuthor,
                           " (set user.name and user.email)"));
  }
  if (repository.branch_name_blocked) {
    notes.emplace_back(
        "a branch named coditect is in the way of the branch of the result; rename "
        "it: git branch -m coditect OTHER");
  }
  if (const auto& missing = repository.missing_submodules; !missing.empty()) {
    notes.push_back(StrCat("the content of submodule ", Shown(missing[0]), AndMore(missing),
                           " is not here and its folder stays empty: `git submodule update --init ",
                           "--recursive ", ShellQuote(Shown(missing[0])), "`"));
  }
  if (const auto& missing = repository.missing_lfs; !missing.empty()) {
    notes.push_back(StrCat("the content of ", Shown(missing[0]), AndMore(missing),
                           " is not here and it stays a git-lfs pointer: `git lfs pull`"));
  }
  if (repository.partial_clone) {
    notes.emplace_back(
        "this is a partial clone; if content is missing: git fetch --refetch "
        "--no-filter");
  }
  if (repository.shallow) notes.emplace_back("this is a shallow clone; older history is not used");
  return notes;
}

Status CheckWritable(const RepositoryRef& repository) {
  for (const char* name : {"objects", "refs", "refs/heads", "refs/coditect"}) {
    const std::string folder = JoinPath(repository.common_dir, name);
    if (::faccessat(AT_FDCWD, folder.c_str(), W_OK | X_OK, AT_EACCESS) == 0) continue;
    if (errno == ENOENT) continue;  // git makes it
    return PermissionDenied("cannot write ", Shown(folder), ": ", ::strerror(errno),
                            "; the result is a branch of this repository: check who owns its .git ",
                            "folder, or run in a clone of it");
  }
  return absl::OkStatus();
}

StatusOr<ResolvedRepository> Resolve(const Context& ctx, const std::string& path,
                                     const std::string& base_name,
                                     const std::map<std::string, std::string>& environment,
                                     const std::string& git_program) {
  struct stat info{};
  const StatusOr<std::string> folder = RealPath(path);
  if (!folder.ok() || ::stat(folder->c_str(), &info) != 0 || !S_ISDIR(info.st_mode)) {
    return NotFound(Shown(path), " is no folder: name the repository's folder");
  }
  ASSIGN_OR_RETURN(const GitProgram program, GitProgram::Find(ctx, git_program));
  const PersonGit person(ctx, program, *folder, environment);
  ASSIGN_OR_RETURN(const PersonGit::Discovery found, person.Discover());
  ResolvedRepository out;
  out.ref = found.ref;
  out.shallow = found.shallow;
  out.linked_worktree = out.ref.git_dir != out.ref.common_dir;
  ASSIGN_OR_RETURN(const RepositoryConfig config, ReadConfig(ctx, program, out.ref.common_dir));
  out.partial_clone = config.partial_clone;
  out.operation = OperationInProgress(out.ref.git_dir);
  const std::string head = ReadHead(JoinPath(out.ref.git_dir, "HEAD"), out.ref.object_format);
  if (head.empty()) {
    return DataLoss(Shown(JoinPath(out.ref.git_dir, "HEAD")), " is damaged: check out a branch ",
                    "with git to write it anew");
  }
  constexpr std::string_view kBranch = "refs/heads/";
  if (head.substr(0, kBranch.size()) == kBranch) out.branch = head.substr(kBranch.size());

  ASSIGN_OR_RETURN(const ScratchFolder temporary, TemporaryFolder());
  ASSIGN_OR_RETURN(const std::unique_ptr<GitDir> git,
                   GitDir::Create({.program = program,
                                   .parent = temporary.path(),
                                   .label = "resolve",
                                   .common_dir = out.ref.common_dir,
                                   .object_format = out.ref.object_format,
                                   .head = IsRefName(head) ? StrCat("ref: ", head) : head,
                                   .raw_bytes = false}));
  RETURN_IF_ERROR(git->LinkSharedIndexes(out.ref.git_dir));
  Reader reader(ctx, *git, out);
  RETURN_IF_ERROR(reader.ResolveBase(base_name));
  RETURN_IF_ERROR(reader.ReadFiles());
  RETURN_IF_ERROR(reader.ReadStatus(config));
  ASSIGN_OR_RETURN(out.branch_name_blocked, reader.HasRef("refs/heads/coditect"));
  ASSIGN_OR_RETURN(out.author, person.Author());
  out.author_is_fallback = out.author.empty();
  if (out.author_is_fallback) out.author = kFallbackAuthor;
  return out;
}

}  // namespace coditect::git
