// The refs that runs left below refs/coditect/, and dropping those that have no claim any more.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "src/base/context.h"
#include "src/base/status.h"
#include "src/domain/mission.h"
#include "src/domain/retention.h"

namespace coditect::git {

struct RunRefsOptions {
  RepositoryRef repository;  // git_dir, common_dir and object_format are used
  std::string state_folder;  // as RepositoryOptions
  std::string label;
  std::map<MissionId, CommitId> runs;  // with what each delivered, "" = nothing
};

/// The refs of those runs. NOT_FOUND when the repository is gone.
StatusOr<std::vector<RunRef>> ListRunRefs(const Context& ctx, const RunRefsOptions& options);

/// Deletes `refs`, each if it is still where it was seen. Only refs/coditect/<run>/ of a run of
/// `options` is ever touched. INVALID_ARGUMENT for any other; UNAVAILABLE when one stays locked.
Status DropRunRefs(const Context& ctx, const RunRefsOptions& options,
                   const std::vector<RunRef>& refs);

}  // namespace coditect::git
