// Making a new repository, for demonstrations and fixtures.
#pragma once

#include <string>

#include "src/base/context.h"
#include "src/base/status.h"

namespace coditect::git {

/// Makes a git repository of the folder, with all that is in it as one commit on branch main whose
/// author is kFallbackAuthor (resolve.h). Nobody's configuration, template or hook takes part.
/// FAILED_PRECONDITION when the folder has a .git already. `git_program`: absolute path, "" = look
/// for it.
Status Initialise(const Context& ctx, const std::string& folder, const std::string& message,
                  const std::string& git_program = "");

}  // namespace coditect::git
