// Judges candidates by building them in one workspace.
#pragma once

#include <memory>

#include "src/ports/test_harness.h"

namespace coditect::native {

/// Candidates whose edits lie in bodies of functions are compiled together, as alternatives of one
/// build, and judged by runs of that build. Others are built one at a time, as many as that is
/// worth; what is beyond counts as invalid. The workspace must outlive the filter.
/// FAILED_PRECONDITION when the failing tests do not fail at the base. Nothing is observed.
StatusOr<std::unique_ptr<CandidateFilter>> OpenFilter(const Context& ctx, Workspace& workspace,
                                                      const FilterRequest& request);

}  // namespace coditect::native
