// Port Repository over the git program.
#pragma once

#include <memory>
#include <string>

#include "src/base/context.h"
#include "src/base/status.h"
#include "src/domain/mission.h"
#include "src/ports/repository.h"

namespace coditect::git {

struct RepositoryOptions {
  RepositoryRef repository;
  std::string state_folder;  // absolute; gitdirs and lock files go to <state_folder>/git
  std::string label;         // of this process: letters, digits, '-'
  std::string git_program;   // absolute path; "" = look for it
  std::string new_objects;   // folder for objects that are written; "" = the repository itself
};

/// Opens the repository a client resolved (Resolve), sweeps what dead owners left in the state
/// folder and stale locks of our refs. The objects and refs of the person's repository are used in
/// place; its configuration, attributes and hooks are not. FAILED_PRECONDITION when the base commit
/// is not there any more, NOT_FOUND when the repository is not.
StatusOr<std::unique_ptr<Repository>> OpenRepository(const Context& ctx,
                                                     const RepositoryOptions& options);

}  // namespace coditect::git
