// Builds for the goal "make it build": one whose compilers tell all they know, and the proof.
#pragma once

#include "src/ports/test_harness.h"

namespace coditect::native {

/// TestHarness::Build.
StatusOr<BuildReport> BuildForRepair(const Context& ctx, Workspace& workspace,
                                     const BuildRequest& request);

/// Names in `text` (rules of make, as compilers and `ninja -t deps` write them) that mean one of
/// `changed`; `folders` are where relative names may start, relative to the repository ("" = top).
/// A name that only ends like one of them goes to `doubtful`. Absolute names start at `repository`.
std::vector<std::string> FilesRead(std::string_view text, const std::vector<std::string>& changed,
                                   const std::vector<std::string>& folders,
                                   const std::string& repository,
                                   std::vector<std::string>* doubtful);

}  // namespace coditect::native
