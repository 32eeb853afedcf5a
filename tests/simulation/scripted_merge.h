// What an integrator finds in the walk: some claims do not get along.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "src/base/strings.h"
#include "src/domain/result.h"

namespace coditect {

inline constexpr uint32_t kFaults = 4;

inline std::vector<std::string> FailingTests() {
  std::vector<std::string> ids;
  for (uint32_t i = 0; i < kFaults; ++i) ids.push_back(StrCat("f", i));
  return ids;
}

inline std::vector<std::string> ExpectedTests() {
  std::vector<std::string> ids = FailingTests();
  ids.emplace_back("p");
  return ids;
}

/// The result of a merge lease, without evidence. A tree with an odd number passes alone, as its
/// tester saw; two of them together do not. `culprit` > 0: the texts of that claim conflict.
inline void ScriptMerge(const std::map<std::string, std::string>& parameters, uint32_t culprit,
                        TaskResult* result) {
  const auto claims = Split(parameters.at("claims"), ' ');
  const bool probe = parameters.at("probe") == "1";
  std::vector<std::string> together;
  if (!probe && parameters.at("tip_decided") == "1") {
    together = Split(parameters.at("tip_tree"), '+');
  }
  const auto trees = Split(parameters.at("trees"), ' ');
  together.insert(together.end(), trees.begin(), trees.end());
  result->tree = Join(together, "+");
  if (culprit > 0) {
    result->outcome = ResultOutcome::kRefuted;
    result->reason = "conflict";
    result->outputs["culprit"] = claims[culprit % claims.size()];
    return;
  }
  uint32_t odd = 0;
  for (const std::string& tree : together) odd += (tree.back() - '0') % 2;
  if (odd > 1) {
    result->outcome = ResultOutcome::kRefuted;
    result->reason = "test_p fails";
    return;
  }
  if (probe) return;
  result->commit = "commit-" + result->tree;
  result->outputs["commits"] = Join(trees, " ");
}

}  // namespace coditect
