// Judges candidates by building them in one workspace.
#pragma once

#include <memory>

#include "src/ports/test_harness.h"

namespace coditect::native {

/// Writes each candidate into the workspace, builds what it changed, runs the failing tests and
/// then the passing ones. The workspace must outlive the filter. FAILED_PRECONDITION when the
/// failing tests do not fail at the base. Nothing is observed.
StatusOr<std::unique_ptr<CandidateFilter>> OpenFilter(const Context& ctx, Workspace& workspace,
                                                      const FilterRequest& request);

}  // namespace coditect::native
