// Asking the person's own git where the repository is and who they are.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "src/adapters/git/program.h"
#include "src/base/context.h"
#include "src/base/status.h"
#include "src/domain/mission.h"

namespace coditect::git {

/// Git in the person's own setting, their configuration included: the repository's configuration
/// holds in it. What it is asked here runs nothing and reads no objects.
class PersonGit {
 public:
  /// `folder`: absolute, links resolved. `environment`: the person's.
  PersonGit(const Context& ctx, const GitProgram& program, std::string folder,
            const std::map<std::string, std::string>& environment);

  struct Discovery {
    RepositoryRef ref;  // without its base
    bool shallow = false;
  };
  /// Where the repository of the folder is. Errors as Resolve (resolve.h).
  StatusOr<Discovery> Discover() const;

  /// "Name <mail>" of a commit made here; "" when git knows nobody.
  StatusOr<std::string> Author() const;

  /// Any command; what it runs and reads is the caller's to know.
  StatusOr<ProcessResult> Run(const std::vector<std::string>& args) const;

 private:
  StatusOr<std::string> Path(const char* option) const;
  Status Explain(const ProcessResult& result) const;

  const Context& ctx_;
  const GitProgram& program_;
  const std::string folder_;
  std::vector<std::string> environment_;
};

/// "merge", "rebase", "cherry-pick", "revert", "bisect", or "" when none is under way.
std::string OperationInProgress(const std::string& git_dir);

}  // namespace coditect::git
