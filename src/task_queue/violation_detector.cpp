// What was expected of a task against what its result says.
#include "src/task_queue/violation_detector.h"

#include "src/base/strings.h"
#include "src/domain/evidence.h"

namespace coditect {
namespace {

std::string Parameter(const std::map<std::string, std::string>& parameters,
                      const std::string& name) {
  const auto found = parameters.find(name);
  return found == parameters.end() ? "" : found->second;
}

std::string OutcomeText(ResultOutcome outcome) {
  return outcome == ResultOutcome::kSuccess ? "success" : std::string(EnumName(outcome));
}

std::string EvidenceText(const TaskState& task, const TaskResult& result) {
  if (!result.evidence.has_value()) return "no evidence";
  const std::string fault = EvidenceFaultFor(*result.evidence, result.tree,
                                             Parameter(task.spec.parameters, "expected_digest"));
  return fault.empty() ? "passes" : fault;
}

}  // namespace

std::vector<Violation> DetectViolations(const TaskState& task, const LeaseState& lease,
                                        const TaskResult& result) {
  std::vector<Violation> violations;
  for (const Expectation& expectation : task.spec.expectations) {
    const std::string& predicate = expectation.predicate;
    std::string expected = expectation.value;
    std::string actual;
    std::string type = "STATE";
    if (predicate == "outcome") {
      actual = OutcomeText(result.outcome);
    } else if (predicate == "evidence") {
      type = "TEST_EXPECTATION";
      actual = EvidenceText(task, result);
    } else if (predicate == "tree") {
      if (expected == "$claim") expected = Parameter(lease.action.parameters, "tree");
      actual = result.tree;
    } else if (predicate.starts_with("output.")) {
      actual = result.outputs.contains(predicate.substr(7)) ? "present" : "absent";
    } else {
      actual = "a predicate nobody knows";
    }
    if (actual != expected) {
      violations.push_back({.type = type,
                            .expected = StrCat(predicate, ": ", expected),
                            .actual = StrCat(predicate, ": ", actual)});
    }
  }
  return violations;
}

}  // namespace coditect
