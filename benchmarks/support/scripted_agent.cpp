// Results as agents report them.
#include "benchmarks/support/scripted_agent.h"

#include "src/base/strings.h"

namespace coditect::bench {
namespace {

std::string Parameter(const std::map<std::string, std::string>& parameters,
                      const std::string& name) {
  const auto found = parameters.find(name);
  return found == parameters.end() ? std::string() : found->second;
}

}  // namespace

std::string ScriptedAgent::Hex(int digits) {
  std::string text(static_cast<size_t>(digits), '0');
  uint32_t bits = 0;
  for (size_t i = 0; i < text.size(); ++i) {
    if (i % 8 == 0) bits = random_();
    text[i] = "0123456789abcdef"[bits & 15];
    bits >>= 4;
  }
  return text;
}

std::vector<std::string> ScriptedAgent::Passing() {
  std::vector<std::string> ids;
  for (int i = 0; i < 40; ++i) ids.push_back(StrCat("tests/test_prices.py::test_", i));
  return ids;
}

std::vector<std::string> ScriptedAgent::Failing() {
  return {"tests/test_prices.py::test_hundred", "tests/test_stock.py::test_reserve"};
}

MissionRequest ScriptedAgent::Request() {
  MissionRequest request;
  request.request_id = Hex(32);
  request.principal = "uid:1000";
  request.trace_id = Hex(32);
  request.goal = "make the tests pass";
  request.repository = {.path = "/home/ada/src/shop",
                        .git_dir = "/home/ada/src/shop/.git",
                        .common_dir = "/home/ada/src/shop/.git",
                        .object_format = "sha1",
                        .base_commit = Hex(40),
                        .base_tree = Hex(40),
                        .base_name = "main"};
  request.brain = "auto";
  request.sandbox = "auto";
  request.limits = {.max_time_ms = 3'600'000,
                    .agents = 16,
                    .agent_timeout_ms = 30'000,
                    .max_retries = 2,
                    .tests_max = 1'000'000'000,
                    .suite_timeout_ms = 1'800'000};
  request.environment = Hex(64);
  request.author = "Ada <ada@example.org>";
  request.attribution = "assisted-by";
  request.violation_action = "escalate";
  return request;
}

Evidence ScriptedAgent::Passes(const TreeId& tree, const std::string& expected_digest) {
  return {.kind = "tests",
          .tree = tree,
          .command = "/usr/bin/python3 -m pytest",
          .command_digest = Hex(64),
          .expected_digest = expected_digest,
          .expected = 42,
          .passed = 42,
          .changed_hunks = 1,
          .changed_hunks_executed = 1,
          .normal_end = true,
          .tests_unchanged = true,
          .wall_ms = random_() % 2000,
          .report = Hex(64)};
}

TaskResult ScriptedAgent::Result(const std::string& intent,
                                 const std::map<std::string, std::string>& parameters,
                                 const std::string& expected_digest) {
  TaskResult result;
  result.outcome = ResultOutcome::kSuccess;
  result.usage = {.cpu_ms = random_() % 3000,
                  .wall_ms = random_() % 3000,
                  .tests = random_() % 200,
                  .runner_starts = 1,
                  .suite_runs = 1,
                  .candidates = random_() % 100};
  if (intent == "observe") {
    std::vector<std::string> expected = Passing();
    for (const std::string& id : Failing()) expected.push_back(id);
    result.outputs = {{"world", Hex(64)}, {"coverage", Hex(64)}};
    result.baseline = BaselineSummary{.baseline = Hex(64),
                                      .kind = "tests",
                                      .expected_digest = ExpectedDigest(expected),
                                      .passed = 40,
                                      .failing = 2,
                                      .suite_ms = 700};
  } else if (intent == "localize") {
    result.outputs["faults"] = Hex(64);
  } else if (intent == "repair") {
    result.commit = Hex(40);
    result.tree = Hex(40);
    result.outputs = {{"summary", "replace `>` by `>=` (comparison) at prices.py:2 in discount"},
                      {"files", "prices.py"},
                      {"message", Hex(64)},
                      {"held_out", "6 of 6"}};
    result.evidence = Passes(result.tree, expected_digest);
  } else if (intent == "verify") {
    result.commit = Parameter(parameters, "commit");
    result.tree = Parameter(parameters, "tree");
    result.evidence = Passes(result.tree, expected_digest);
  } else if (intent == "merge") {
    const std::string trees = Parameter(parameters, "trees");
    const bool alone = Parameter(parameters, "verified_trees") == trees;
    result.commit = Hex(40);
    result.tree = alone ? trees : Hex(40);
    if (!alone) result.evidence = Passes(result.tree, expected_digest);
  }
  return result;
}

}  // namespace coditect::bench
