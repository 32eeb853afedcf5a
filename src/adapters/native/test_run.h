// One run of the tests in one workspace.
#pragma once

#include "src/adapters/native/build.h"
#include "src/ports/test_harness.h"

namespace coditect::native {

/// Builds, runs the tests in the project's order, and tells what happened. Many tests share a
/// launch (job_program.h), the cases of one program a process; those whose program did not end
/// normally run again, each alone. With TraceMode::kPerTest it is the measured build that is run;
/// with kWatched the plain one, and then the measured one until every watched line was executed;
/// with kSanitized one with the compiler's sanitizers, each test alone. A build that fails gives a
/// report without cases that did not end normally.
StatusOr<TestReport> RunTests(const Context& ctx, Workspace& workspace,
                              const TestRunRequest& request);

}  // namespace coditect::native
