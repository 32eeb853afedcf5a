// The candidate filter for projects that cannot be judged in one process: a fresh one a candidate.
#pragma once

#include <functional>
#include <memory>

#include "src/base/context.h"
#include "src/ports/sandbox.h"
#include "src/ports/test_harness.h"

namespace coditect::python {

/// Runs tests in the workspace the filter was opened with.
using TestRunner = std::function<StatusOr<TestReport>(const Context&, const TestRunRequest&)>;

/// Writes each candidate into the workspace, runs the failing tests (for the runner "command" the
/// command), then the passing ones, and puts the base's files back. What a run leaves behind in
/// other files stays for the next one: survivors are to be confirmed in a workspace of their own.
/// The workspace must outlive the filter. FAILED_PRECONDITION when the failing tests do not fail at
/// the base. Nothing is observed.
StatusOr<std::unique_ptr<CandidateFilter>> OpenFreshFilter(const Context& ctx, Workspace& workspace,
                                                           const FilterRequest& request,
                                                           TestRunner run);

}  // namespace coditect::python
