// The host-owned gitdir.
#include "src/adapters/git/git_dir.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <utility>

#include "src/adapters/git/config.h"
#include "src/adapters/git/repository.h"
#include "src/base/file.h"
#include "src/base/random.h"

namespace coditect::git {
namespace {

// Every setting that could run a program, change bytes or depend on the person's habits, spelt out:
// a later git's default cannot change what we do. reliability.md section 1 has the 23 ways in.
constexpr char kConfig[] = R"([core]
	bare = true
	hooksPath = /dev/null
	fsync = all
	fsyncMethod = fsync
	logAllRefUpdates = false
	attributesFile = /dev/null
	excludesFile = /dev/null
	fsmonitor = false
	untrackedCache = false
	splitIndex = false
	commitGraph = false
	autocrlf = false
	safecrlf = false
	symlinks = true
	ignoreCase = false
	precomposeUnicode = false
	protectHFS = true
	protectNTFS = true
	quotePath = false
	preferSymlinkRefs = false
	filesRefLockTimeout = 200
	packedRefsTimeout = 1000
[gc]
	auto = 0
[maintenance]
	auto = false
[advice]
	graftFileDeprecated = false
[index]
	sparse = false
	threads = 1
[diff]
	algorithm = myers
	indentHeuristic = false
	renames = false
	noprefix = false
	mnemonicPrefix = false
	context = 3
	interHunkContext = 0
	orderFile = /dev/null
	ignoreSubmodules = none
	submodule = short
[merge]
	renames = true
	directoryRenames = false
	conflictStyle = merge
[submodule]
	recurse = false
[protocol]
	allow = never
[i18n]
	commitEncoding = UTF-8
[commit]
	gpgSign = false
)";

// Of highest precedence, so blobs in = blobs out whatever .gitattributes says.
constexpr char kRawAttributes[] =
    "* -text -ident -crlf !eol !filter !working-tree-encoding !diff !merge !whitespace "
    "!export-subst !conflict-marker-size\n";

StatusOr<UniqueFd> LockFile(const std::string& path, int flags) {
  UniqueFd fd = HighFd(UniqueFd(::open(path.c_str(), flags | O_RDWR | O_CLOEXEC, 0600)));
  if (!fd.valid()) return ErrnoStatus(errno, "cannot open ", path);
  return fd;
}

Status Link(const std::string& target, const std::string& path) {
  if (::symlink(target.c_str(), path.c_str()) == 0) return absl::OkStatus();
  return ErrnoStatus(errno, "cannot link ", path);
}

}  // namespace

ScratchFolder::~ScratchFolder() {
  // What cannot be removed now is removed with the gitdir, at the latest by the next Create.
  if (!path_.empty()) RemoveTree(path_).IgnoreError();
}

StatusOr<std::unique_ptr<GitDir>> GitDir::Create(const Options& options) {
  std::unique_ptr<GitDir> dir(new GitDir(options));
  dir->objects_ =
      options.new_objects.empty() ? JoinPath(options.common_dir, "objects") : options.new_objects;
  RETURN_IF_ERROR(dir->Make());
  RETURN_IF_ERROR(dir->WriteFiles());
  return dir;
}

StatusOr<std::unique_ptr<GitDir>> GitDir::Beside(const std::string& common_dir) const {
  Options options = options_;
  options.common_dir = common_dir;
  options.head = Options().head;
  options.shared.clear();
  options.new_objects.clear();
  return Create(options);
}

GitDir::~GitDir() {
  if (lock_.valid()) RemoveTree(path_).IgnoreError();
}

// The parent's lock is held while a folder has no locked `lock` yet and while siblings are judged.
Status GitDir::Make() {
  RETURN_IF_ERROR(MakeDirs(options_.parent));
  ASSIGN_OR_RETURN(const UniqueFd guard, LockFile(JoinPath(options_.parent, ".lock"), O_CREAT));
  if (::flock(guard.get(), LOCK_EX) != 0) return ErrnoStatus(errno, "cannot lock the git folder");
  RETURN_IF_ERROR(Sweep());
  path_ = JoinPath(options_.parent, StrCat(options_.label, "-", RandomHex(6)));
  if (::mkdir(path_.c_str(), 0700) != 0) return ErrnoStatus(errno, "cannot make folder ", path_);
  ASSIGN_OR_RETURN(lock_, LockFile(JoinPath(path_, "lock"), O_CREAT | O_EXCL));
  if (::flock(lock_.get(), LOCK_EX | LOCK_NB) != 0)
    return ErrnoStatus(errno, "cannot lock ", path_);
  return absl::OkStatus();
}

Status GitDir::Sweep() const {
  ASSIGN_OR_RETURN(const std::vector<std::string> names, ListDir(options_.parent));
  for (const std::string& name : names) {
    const std::string sibling = JoinPath(options_.parent, name);
    struct stat info{};
    if (::lstat(sibling.c_str(), &info) != 0 || !S_ISDIR(info.st_mode)) continue;
    const StatusOr<UniqueFd> lock = LockFile(JoinPath(sibling, "lock"), O_NOFOLLOW);
    if (!lock.ok() && !absl::IsNotFound(lock.status())) return lock.status();
    if (lock.ok() && ::flock(lock->get(), LOCK_EX | LOCK_NB) != 0) continue;
    RETURN_IF_ERROR(RemoveTree(sibling));
  }
  return absl::OkStatus();
}

Status GitDir::WriteFiles() const {
  const auto write = [this](const char* name, std::string_view bytes) {
    return WriteFile(JoinPath(path_, name), bytes);
  };
  std::string config = StrCat("[core]\n\trepositoryformatversion = 1\n[extensions]\n",
                              "\tobjectFormat = ", options_.object_format, "\n");
  if (!options_.shared.empty())
    config += StrCat("[core]\n\tsharedRepository = ", options_.shared, "\n");
  RETURN_IF_ERROR(write("config", config + kConfig));
  RETURN_IF_ERROR(write("HEAD", options_.head + "\n"));
  RETURN_IF_ERROR(MakeDirs(JoinPath(path_, "info")));
  RETURN_IF_ERROR(MakeDirs(JoinPath(path_, "scratch")));
  RETURN_IF_ERROR(write("info/attributes", options_.raw_bytes ? kRawAttributes : ""));
  for (const char* name : {"refs", "packed-refs", "shallow"}) {
    RETURN_IF_ERROR(Link(JoinPath(options_.common_dir, name), JoinPath(path_, name)));
  }
  return absl::OkStatus();
}

StatusOr<ProcessResult> GitDir::Run(const Context& ctx, const GitCall& call) const {
  ProcessRequest request;
  request.argv = {options_.program.path()};
  request.argv.insert(request.argv.end(), call.args.begin(), call.args.end());
  request.environment = call.environment;  // of two values of a variable the first one holds
  for (std::string& variable : options_.program.CleanEnvironment()) {
    request.environment.push_back(std::move(variable));
  }
  request.environment.push_back(StrCat("GIT_DIR=", path_));
  request.environment.push_back(StrCat("GIT_OBJECT_DIRECTORY=", objects_));
  if (!options_.new_objects.empty()) {
    request.environment.push_back(
        StrCat("GIT_ALTERNATE_OBJECT_DIRECTORIES=", JoinPath(options_.common_dir, "objects")));
  }
  request.folder = call.folder.empty() ? path_ : call.folder;
  request.stdin_bytes = call.stdin_bytes;
  request.stdout_bytes_max = call.stdout_bytes_max;
  request.on_stdout = call.on_stdout;
  request.inherited_fds = {lock_.get()};
  if (call.inherited_fd >= 0) request.inherited_fds.push_back(call.inherited_fd);
  return RunProcess(ctx, request);
}

StatusOr<std::string> GitDir::Output(const Context& ctx, std::string_view doing,
                                     const GitCall& call) const {
  StatusOr<ProcessResult> result = Run(ctx, call);
  if (!result.ok()) return Annotate(result.status(), StrCat("cannot ", doing));
  if (result->exit_code == 0) return std::move(result->out);
  const Status failure = GitFailure(doing, *result);
  if (!absl::IsDataLoss(failure)) return failure;
  if (!IsPartialClone()) {
    return DataLoss(Message(failure), "; the repository is damaged: see what `git fsck` says");
  }
  return FailedPrecondition(Message(failure), "; this is a partial clone: fetch what is missing ",
                            "with `git fetch --refetch --no-filter`");
}

StatusOr<bool> GitDir::IsAncestor(const Context& ctx, const std::string& old_commit,
                                  const std::string& new_commit) const {
  ASSIGN_OR_RETURN(const ProcessResult result,
                   Run(ctx, {.args = {"merge-base", "--is-ancestor", old_commit, new_commit}}));
  if (result.exit_code == 0 || result.exit_code == 1) return result.exit_code == 0;
  return GitFailure(StrCat("compare ", old_commit, " with ", new_commit), result);
}

StatusOr<ScratchFolder> GitDir::NewScratch() const {
  ScratchFolder folder(JoinPath(path_, StrCat("scratch/", scratches_.fetch_add(1))));
  if (::mkdir(folder.path().c_str(), 0700) != 0) {
    if (errno == ENOSPC || errno == EDQUOT)
      return ResourceExhausted("no space for ", folder.path());
    return ErrnoStatus(errno, "cannot make folder ", folder.path());
  }
  return folder;
}

Status GitDir::LinkSharedIndexes(const std::string& git_dir) const {
  ASSIGN_OR_RETURN(const std::vector<std::string> names, ListDir(git_dir));
  for (const std::string& name : names) {
    if (name.find("sharedindex.") != 0) continue;
    RETURN_IF_ERROR(Link(JoinPath(git_dir, name), JoinPath(path_, name)));
  }
  return absl::OkStatus();
}

bool GitDir::IsPartialClone() const {
  const StatusOr<std::vector<std::string>> names =
      ListDir(JoinPath(options_.common_dir, "objects/pack"));
  if (!names.ok()) return false;
  constexpr std::string_view kMark = ".promisor";
  for (const std::string& name : *names) {
    if (name.size() > kMark.size() && name.substr(name.size() - kMark.size()) == kMark) return true;
  }
  return false;
}

StatusOr<std::unique_ptr<GitDir>> OpenGitDir(const Context& ctx, const RepositoryOptions& options) {
  const RepositoryRef& ref = options.repository;
  ASSIGN_OR_RETURN(const GitProgram program, GitProgram::Find(ctx, options.git_program));
  ASSIGN_OR_RETURN(const RepositoryConfig config, ReadConfig(ctx, program, ref.common_dir));
  return GitDir::Create({.program = program,
                         .parent = JoinPath(options.state_folder, "git"),
                         .label = options.label,
                         .common_dir = ref.common_dir,
                         .object_format = ref.object_format,
                         .shared = config.shared,
                         .new_objects = options.new_objects});
}

}  // namespace coditect::git
