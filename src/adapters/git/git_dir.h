// The host-owned gitdir: our configuration and attributes over the person's objects and refs.
//
// Git takes what it may run and how it changes bytes from the gitdir's config, attributes and
// hooks. This one is ours: nothing of the repository's own is read but objects and refs. It lives
// as long as its object, in a folder of its own:
//
//   <parent>/<label>-<random>/lock          held (flock) by us and by every git we start
//                            /HEAD config info/attributes
//                            /refs packed-refs shallow -> the person's
//                            /scratch/<n>/   one per operation
//
// When nobody holds `lock`, the owner and all its git processes are dead and anyone may remove the
// folder: Create does that to its siblings.
#pragma once

#include <atomic>
#include <memory>
#include <string>
#include <vector>

#include "src/adapters/git/program.h"
#include "src/base/context.h"
#include "src/base/status.h"
#include "src/base/unique_fd.h"

namespace coditect::git {

struct RepositoryOptions;

/// One call of git: `git <args>`.
struct GitCall {
  std::vector<std::string> args;
  std::vector<std::string> environment;  // beats the clean one
  std::string_view stdin_bytes;
  size_t stdout_bytes_max = size_t{64} << 20;
  std::function<Status(std::string_view)> on_stdout;
  std::string folder;     // working folder; "" = the gitdir
  int inherited_fd = -1;  // kept open in git besides the gitdir's lock
};

/// Removes its folder with all that is in it.
class ScratchFolder {
 public:
  explicit ScratchFolder(std::string path) : path_(std::move(path)) {}
  ScratchFolder(ScratchFolder&& other) noexcept : path_(std::exchange(other.path_, "")) {}
  ScratchFolder& operator=(ScratchFolder&&) = delete;
  ~ScratchFolder();
  const std::string& path() const { return path_; }

 private:
  std::string path_;
};

/// Thread-safe.
class GitDir {
 public:
  struct Options {
    GitProgram program;
    std::string parent;      // folder for such gitdirs; made when absent
    std::string label;       // of this process, in the folder's name
    std::string common_dir;  // the person's: objects and refs
    std::string object_format = "sha1";
    std::string head = "ref: refs/coditect/unborn";
    std::string shared;       // core.sharedRepository, "" = git's default
    std::string new_objects;  // folder where objects are written, beside the person's; "" = theirs
    bool raw_bytes = true;  // attributes off; false: eol rules of the repository hold (for status)
  };
  static StatusOr<std::unique_ptr<GitDir>> Create(const Options& options);
  ~GitDir();

  const std::string& path() const { return path_; }
  const std::string& objects() const { return objects_; }
  const std::string& common_dir() const { return options_.common_dir; }

  /// A gitdir like this one over the objects of another repository.
  StatusOr<std::unique_ptr<GitDir>> Beside(const std::string& common_dir) const;
  const GitProgram& program() const { return options_.program; }

  /// Git's result, whatever its exit code.
  StatusOr<ProcessResult> Run(const Context& ctx, const GitCall& call) const;

  /// Its stdout; `doing` names the call in the error of a failed one (GitFailure).
  StatusOr<std::string> Output(const Context& ctx, std::string_view doing,
                               const GitCall& call) const;

  /// Whether the commit `old_commit` is `new_commit` or one it was made from.
  StatusOr<bool> IsAncestor(const Context& ctx, const std::string& old_commit,
                            const std::string& new_commit) const;

  /// A new, empty folder for one operation.
  StatusOr<ScratchFolder> NewScratch() const;

  /// A split index keeps most of itself in a file that git looks for in its gitdir: shows those of
  /// `git_dir` here.
  Status LinkSharedIndexes(const std::string& git_dir) const;

  /// True when the object store has objects of a partial clone: missing ones are no damage.
  bool IsPartialClone() const;

 private:
  explicit GitDir(const Options& options) : options_(options) {}
  Status Make();
  Status WriteFiles() const;
  Status Sweep() const;

  const Options options_;
  std::string path_;
  std::string objects_;
  UniqueFd lock_;
  mutable std::atomic<uint64_t> scratches_{0};
};

/// The gitdir through which the options' repository is worked on, in <state_folder>/git, shared as
/// the person's configuration says.
StatusOr<std::unique_ptr<GitDir>> OpenGitDir(const Context& ctx, const RepositoryOptions& options);

}  // namespace coditect::git
