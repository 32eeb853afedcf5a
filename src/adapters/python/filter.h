// The candidate filter: one sandboxed process that holds the project loaded and judges patches.
#pragma once

#include <memory>
#include <string>

#include "src/base/context.h"
#include "src/ports/sandbox.h"
#include "src/ports/test_harness.h"

namespace coditect::python {

/// `scripts`: where the sandbox shows the support scripts. The workspace must outlive the filter.
/// FAILED_PRECONDITION when this project cannot be judged in one process: its failing tests do not
/// fail there, the tests do not load, or the interpreter is too old; UNIMPLEMENTED for the runner
/// "command", whose candidates only fresh processes can judge.
StatusOr<std::unique_ptr<CandidateFilter>> OpenFilter(const Context& ctx, Workspace& workspace,
                                                      const FilterRequest& request,
                                                      const std::string& scripts);

}  // namespace coditect::python
