// The git program: where it is, how old it is, and the environment that keeps it from listening to
// anybody but us.
#pragma once

#include <string>
#include <vector>

#include "src/adapters/git/process.h"
#include "src/base/context.h"
#include "src/base/status.h"

namespace coditect::git {

/// An installed git that is new enough.
class GitProgram {
 public:
  /// `path`: the program's absolute path; "" = the first git in the usual folders and in the
  /// absolute folders of the process's PATH. NOT_FOUND, or FAILED_PRECONDITION when it is older
  /// than 2.38 (the first with `merge-tree --write-tree`); both name the next step.
  static StatusOr<GitProgram> Find(const Context& ctx, const std::string& path = "");

  const std::string& path() const { return path_; }
  bool AtLeast(int major, int minor) const {
    return major_ > major || (major_ == major && minor_ >= minor);
  }

  /// Nothing of the process's own environment: no configuration but the repository's, no prompt, no
  /// pager, no replaced objects, no fetching of missing ones, English messages.
  std::vector<std::string> CleanEnvironment() const;

 private:
  std::string path_;
  int major_ = 0;
  int minor_ = 0;
};

/// The error for a git that ended with a failure: what it said first, classified. `doing`: "list
/// the files of 1f3a", put in front. RESOURCE_EXHAUSTED (disk full), PERMISSION_DENIED, DATA_LOSS
/// (objects missing or damaged, disk fails), INTERNAL for the rest.
Status GitFailure(std::string_view doing, const ProcessResult& result);

}  // namespace coditect::git
