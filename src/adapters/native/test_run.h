// One run of the tests in one workspace.
#pragma once

#include "src/adapters/native/build.h"
#include "src/adapters/native/test_list.h"
#include "src/ports/test_harness.h"

namespace coditect::native {

/// Builds, runs each test in a launch of its own in the project's order, and tells what happened.
/// With TraceMode::kPerTest it is the measured build that is run; with kWatched the plain one, and
/// then the measured one until every watched line was executed. A build that fails gives a report
/// without cases that did not end normally.
StatusOr<TestReport> RunTests(const Context& ctx, Workspace& workspace,
                              const TestRunRequest& request);

/// The case of a test that ended so, without its times.
TestCase CaseOf(const ListedTest& test, const std::string& runner, const SandboxResult& result,
                const std::string& repository, const std::vector<std::string>& test_files);

}  // namespace coditect::native
