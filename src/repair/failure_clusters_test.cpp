// Failing tests are grouped by their probable cause.
#include "src/repair/failure_clusters.h"

#include <doctest/doctest.h>

#include <algorithm>

namespace coditect::repair {
namespace {

/// A file of `functions` functions f0, f1 … of four lines each: def, two statements, return.
SourceText File(const std::string& path, int functions) {
  std::string text;
  for (int i = 0; i < functions; ++i) {
    text += StrCat("def f", i, "(a):\n    b = a\n    c = b\n    return c\n");
  }
  return {path, text};
}
/// Body lines of function `i`.
std::vector<uint32_t> Body(uint32_t i) { return {4 * i + 2, 4 * i + 3, 4 * i + 4}; }

struct Builder {
  ClusterRequest request;

  void Test(const std::string& id, bool fails, std::vector<FileLines> covered) {
    if (fails) {
      request.failing.push_back({.id = id, .file = "t.py"});
    } else {
      request.passing.push_back(id);
    }
    request.coverage.push_back({.id = id, .files = std::move(covered)});
  }
};

const FailureCluster* Holding(const std::vector<FailureCluster>& clusters, std::string_view id) {
  for (const FailureCluster& cluster : clusters) {
    if (std::find(cluster.tests.begin(), cluster.tests.end(), id) != cluster.tests.end())
      return &cluster;
  }
  return nullptr;
}

}  // namespace

TEST_CASE("IndependentBugsInTwoModulesAreTwoClusters") {
  Builder b;
  b.request.files = {File("a.py", 2), File("b.py", 2), File("util.py", 1)};
  for (int i = 0; i < 4; ++i) {
    b.Test(StrCat("a", i), true, {{"a.py", Body(0)}, {"util.py", Body(0)}});
    b.Test(StrCat("b", i), true, {{"b.py", Body(1)}, {"util.py", Body(0)}});
  }
  for (int i = 0; i < 30; ++i)
    b.Test(StrCat("p", i), false, {{"a.py", Body(1)}, {"util.py", Body(0)}});
  auto clusters = ClusterFailures(b.request);
  REQUIRE_EQ(clusters.size(), 2);
  CHECK_EQ(Holding(clusters, "a0")->tests.size(), 4);
  CHECK_EQ(Holding(clusters, "a0")->file, "a.py");
  CHECK_EQ(Holding(clusters, "b3")->file, "b.py");
}

TEST_CASE("OneBugSeenByFortyTestsIsOneCluster") {
  Builder b;
  b.request.files = {File("a.py", 50)};
  for (uint32_t i = 0; i < 40; ++i) {  // each test calls its own function and the broken f49
    auto lines = Body(i);
    for (uint32_t line : Body(49)) lines.push_back(line);
    b.Test(StrCat("t", i), true, {{"a.py", lines}});
  }
  for (uint32_t i = 0; i < 60; ++i) b.Test(StrCat("p", i), false, {{"a.py", {4 * 49 + 2}}});
  auto clusters = ClusterFailures(b.request);
  REQUIRE_EQ(clusters.size(), 1);
  CHECK_EQ(clusters[0].tests.size(), 40);
}

TEST_CASE("TwoPlacesInOneFunctionAreOneCause") {
  Builder b;
  b.request.files = {File("a.py", 1)};
  b.Test("t1", true, {{"a.py", {2}}});
  b.Test("t2", true, {{"a.py", {3}}});
  CHECK_EQ(ClusterFailures(b.request).size(), 1);
}

TEST_CASE("ATestOfTwoBugsGoesWhereMostEvidenceIs") {
  Builder b;
  b.request.files = {File("a.py", 1), File("b.py", 1)};
  for (int i = 0; i < 5; ++i) b.Test(StrCat("a", i), true, {{"a.py", Body(0)}});
  b.Test("b0", true, {{"b.py", Body(0)}});
  b.Test("both", true, {{"a.py", Body(0)}, {"b.py", Body(0)}});
  auto clusters = ClusterFailures(b.request);
  REQUIRE_EQ(clusters.size(), 2);
  CHECK_EQ(Holding(clusters, "both"), Holding(clusters, "a0"));
}

TEST_CASE("WhereSanitizersReportTheErrorIsTheCauseWhateverElseWasExecuted") {
  Builder b;
  b.request.files = {File("a.py", 2), File("util.py", 1)};
  for (uint32_t i = 0; i < 2; ++i) {
    for (int n = 0; n < 3; ++n) {
      const std::string id = StrCat("f", i, n);
      b.Test(id, true, {{"a.py", Body(i)}, {"util.py", Body(0)}});
      SanitizerFinding finding;
      finding.id = id;
      finding.stack = {{"util.py", 3 + i, ""}};
      b.request.findings.push_back(finding);
    }
  }
  for (int i = 0; i < 30; ++i) b.Test(StrCat("p", i), false, {{"util.py", Body(0)}});
  const auto clusters = ClusterFailures(b.request);
  REQUIRE_EQ(clusters.size(), 1);
  CHECK_EQ(clusters[0].file, "util.py");
  b.request.findings.clear();
  CHECK_EQ(ClusterFailures(b.request).size(), 2);
}

TEST_CASE("WithoutCoverageTheInnermostFrameDecides") {
  ClusterRequest request;
  request.files = {File("a.py", 2)};
  request.failing = {{.id = "t1", .stack = {{"t.py", 1, ""}, {"a.py", 2, "f0"}}},
                     {.id = "t2", .stack = {{"a.py", 3, "f0"}}},
                     {.id = "t3", .stack = {{"a.py", 6, "f1"}}},
                     {.id = "t4", .file = "t.py"}};
  request.errors = {{.file = "u.py", .stack = {{"a.py", 7, "f1"}}},
                    {.file = "v.py", .missing_module = "x"}};
  auto clusters = ClusterFailures(request);
  REQUIRE_EQ(clusters.size(), 4);
  CHECK_EQ(Holding(clusters, "t1"), Holding(clusters, "t2"));
  CHECK_EQ(Holding(clusters, "t3")->collection_errors, std::vector<std::string>{"u.py"});
}

TEST_CASE("EveryFailureIsInExactlyOneClusterAndClustersAreBounded") {
  Builder b;
  b.request.files = {File("a.py", 100)};
  for (uint32_t i = 0; i < 100; ++i) b.Test(StrCat("t", i), true, {{"a.py", Body(i)}});
  auto clusters = ClusterFailures(b.request);
  CHECK_EQ(clusters.size(), kClustersMax);
  std::set<std::string> seen;
  for (const FailureCluster& cluster : clusters) {
    for (const std::string& id : cluster.tests) CHECK(seen.insert(id).second);
  }
  CHECK_EQ(seen.size(), 100);
}

}  // namespace coditect::repair
