// Groups failing tests that probably have one cause.
#pragma once

#include <string>
#include <vector>

#include "src/domain/test_report.h"
#include "src/repair/fault_localization.h"

namespace coditect::repair {

inline constexpr size_t kClustersMax = 16;

struct FailureCluster {
  std::vector<std::string> tests;              // ids, in the order given
  std::vector<std::string> collection_errors;  // files
  std::string file;                            // where most evidence points, "" when there is none
  uint32_t line = 0;
};

struct ClusterRequest {
  std::vector<TestCase> failing;
  std::vector<std::string> passing;
  std::vector<TestCoverage> coverage;
  std::vector<CollectionError> errors;
  std::vector<SourceText> files;           // that may be edited
  std::vector<SanitizerFinding> findings;  // of the failing tests
};

/// Clusters, those with most tests first; every failing test and collection error is in exactly
/// one. A greedy cover of the failures by the statements that explain them most cheaply: a
/// statement costs a constant (one more bug) plus what its passing and failing tests say about it
/// (the likelihood of Abreu, Zoeteweij, van Gemund, "Spectrum-based Multiple Fault Localization",
/// 2009). Statements of one function are one cause. Tests in which sanitizers report an error go by
/// its place, whatever they executed; tests without coverage by the innermost frame of their
/// stack, then by their file.
std::vector<FailureCluster> ClusterFailures(const ClusterRequest& request);

}  // namespace coditect::repair
