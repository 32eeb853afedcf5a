// Two suites of one repository as one: those of a Python package and of its C or C++ part.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "src/ports/test_harness.h"

namespace coditect {

/// True when the top of the repository says that it is a Python package or has Python tests.
bool DeclaresPython(const std::vector<TreeEntry>& files);

/// One plan of both. Ids of the compiled suite begin with its runner ("ctest:name"), which no id of
/// a Python test does; its build lies in the folder `build`, where Python tests look for what they
/// load, so that they test what was built here and never the person's own build (unless `files`,
/// those of the repository, lie there).
HarnessPlan MixedPlan(const std::vector<TreeEntry>& files, HarnessPlan compiled,
                      HarnessPlan python);

/// True for a plan that MixedPlan made.
bool IsMixed(const HarnessPlan& plan);

/// Runs both suites in one workspace, the compiled one first. A report ends normally when both do.
/// A line is watched by the suite of its language.
StatusOr<TestReport> RunMixed(const Context& ctx, TestHarness& compiled, TestHarness& python,
                              Workspace& workspace, const TestRunRequest& request);

/// The filter of the suite that holds the failing tests, of the compiled one when both do: what it
/// lets through is judged by both suites in the claim.
StatusOr<std::unique_ptr<CandidateFilter>> OpenMixedFilter(const Context& ctx,
                                                           TestHarness& compiled,
                                                           TestHarness& python,
                                                           Workspace& workspace,
                                                           const FilterRequest& request);

}  // namespace coditect
