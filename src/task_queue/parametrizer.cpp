// From intent to concrete action.
#include "src/task_queue/parametrizer.h"

#include <algorithm>
#include <functional>
#include <map>

#include "src/base/strings.h"
#include "src/domain/delivery.h"

namespace coditect {
namespace {

using Parameters = std::map<std::string, std::string>;

constexpr uint64_t kMinuteMs = 60'000;

/// The newest done task of `intent`, nullptr if none.
const TaskState* LastDone(const MissionState& mission, std::string_view intent) {
  for (auto it = mission.tasks.rbegin(); it != mission.tasks.rend(); ++it) {
    if (it->spec.intent == intent && it->status == TaskStatus::kDone) return &*it;
  }
  return nullptr;
}

bool AddOutput(const MissionState& mission, std::string_view intent, const std::string& output,
               Parameters& parameters) {
  const TaskState* task = LastDone(mission, intent);
  if (task == nullptr) return false;
  const auto found = task->result.outputs.find(output);
  if (found == task->result.outputs.end()) return false;
  parameters[output] = found->second;
  return true;
}

bool AddBaseline(const MissionState& mission, Parameters& parameters) {
  if (!mission.baseline.has_value()) return false;
  parameters["baseline"] = mission.baseline->baseline;
  if (mission.baseline->kind == "build") parameters["goal"] = "build";
  return true;
}

bool AddClaim(const MissionState& mission, const TaskState& task, Parameters& parameters) {
  if (task.spec.parameters.contains("base")) {  // what was mended before is judged as it is
    if (mission.bases.empty()) return false;
    parameters["commit"] = mission.bases.back().commit;
    parameters["tree"] = mission.bases.back().tree;
    return true;
  }
  const TaskState* claim = ClaimOf(mission, task);
  if (claim == nullptr || claim->result.commit.empty()) return false;
  parameters["commit"] = claim->result.commit;
  parameters["tree"] = claim->result.tree;
  parameters["claimed_by"] = claim->result.agent_id;
  const auto message = claim->result.outputs.find("message");
  if (message != claim->result.outputs.end()) parameters["message"] = message->second;
  const auto changed_tests = claim->spec.parameters.find("changed_tests");
  if (changed_tests != claim->spec.parameters.end()) {
    parameters["changed_tests"] = changed_tests->second;
  }
  return true;
}

void AddTip(const MissionState& mission, Parameters& parameters) {
  const bool moved = !mission.tip.empty();
  parameters["tip"] = moved ? mission.tip : mission.request.repository.base_commit;
  parameters["tip_tree"] = moved ? mission.tip_tree : mission.request.repository.base_tree;
  parameters["tip_decided"] = moved ? "1" : "0";
  parameters["previous_tip"] = mission.previous_tip;
}

/// Trees that were seen passing what `digest` stands for: they need no second run.
std::string TreesSeenPassing(const MissionState& mission, const std::string& digest) {
  std::string trees;
  for (const Verdict& verdict : mission.verdicts) {
    if (verdict.expected_digest == digest && verdict.role != Role::kCoder) {
      trees += (trees.empty() ? "" : " ") + verdict.tree;
    }
  }
  return trees;
}

/// The open batch, as parallel lists of words. False when a claim of it has no commit.
bool AddBatch(const MissionState& mission, const MergeBatch& batch, Parameters& parameters) {
  std::vector<std::string> claims, repairs, commits, trees, messages, clusters;
  std::vector<TaskId> together;
  const auto add_cluster = [&](TaskId id) {
    together.push_back(id);
    for (const TaskId one : ClaimsMetBy(mission, *mission.Find(id))) {
      const auto& known = mission.Find(one)->spec.parameters;
      if (const auto cluster = known.find("clusters"); cluster != known.end()) {
        clusters.push_back(cluster->second);
      }
    }
  };
  std::vector<std::string> tip_repairs, tip_commits;
  for (const MergedClaim& merged : mission.merge.merged) {
    const TaskState* claim = ClaimOf(mission, *mission.Find(merged.task_id));
    if (batch.probe || claim == nullptr) continue;
    add_cluster(merged.task_id);
    tip_repairs.push_back(claim->spec.task_id.ToString());
    tip_commits.push_back(claim->result.commit);
  }
  parameters["tip_repairs"] = Join(tip_repairs, " ");
  parameters["tip_commits"] = Join(tip_commits, " ");
  for (const TaskId id : batch.claims) {
    const TaskState* claim = ClaimOf(mission, *mission.Find(id));
    if (claim == nullptr || claim->result.commit.empty()) return false;
    claims.push_back(id.ToString());
    repairs.push_back(claim->spec.task_id.ToString());
    commits.push_back(claim->result.commit);
    trees.push_back(claim->result.tree);
    messages.push_back(OutputOf(*claim, "message"));
    if (claim->spec.parameters.contains("changed_tests")) parameters["changed_tests"] = "1";
    add_cluster(id);
  }
  const std::string digest = DigestOfClaims(mission, together);
  parameters["claims"] = Join(claims, " ");
  parameters["repairs"] = Join(repairs, " ");
  parameters["commits"] = Join(commits, " ");
  parameters["trees"] = Join(trees, " ");
  parameters["messages"] = Join(messages, " ");
  parameters["clusters"] = Join(clusters, " ");
  parameters["expected_digest"] = digest;
  parameters["verified_trees"] = TreesSeenPassing(mission, digest);
  parameters["failed_tests"] = mission.merge.failing.empty() ? "" : mission.merge.failed_tests;
  parameters["probe"] = batch.probe ? "1" : "0";
  return true;
}

/// Only what tests execute is searched by what they executed.
bool NeedsCoverage(const MissionState& mission) {
  return mission.baseline->kind != "build" && mission.baseline->failing > 0;
}

/// What is missing for good (an earlier task is done but did not give it), as a sentence; "" when
/// the parameters are complete. Sets `later` when something has yet to be decided.
std::string Prepare(const MissionState& mission, const TaskState& task, Parameters& parameters,
                    bool* later) {
  const std::string& intent = task.spec.intent;
  if (intent == "observe") return "";
  if (!AddBaseline(mission, parameters)) return "there is no baseline";
  if (intent == "localize") {
    // Nothing to mend: the verdict is on its way, unless something was mended already.
    *later = mission.baseline->failing == 0 && mission.bases.empty();
    if (*later || !NeedsCoverage(mission) ||
        AddOutput(mission, "observe", "coverage", parameters)) {
      return "";
    }
    return "the baseline has no coverage";
  }
  if (!AddOutput(mission, "localize", "faults", parameters)) return "no fault was localized";
  if (intent == "plan") {
    parameters["plan_version"] = std::to_string(mission.plan_version + 1);
    parameters["first_task"] = std::to_string(mission.tasks.size() + 1);
    return "";
  }
  if (intent == "repair") {
    parameters["excluded_trees"] = Join(task.excluded_trees, " ");
    if (!NeedsCoverage(mission)) return "";
    return AddOutput(mission, "observe", "coverage", parameters) ? ""
                                                                 : "the baseline has no coverage";
  }
  if (intent == "adopt") {
    parameters["excluded_trees"] = Join(task.excluded_trees, " ");
    return "";
  }
  if (intent == "verify") return AddClaim(mission, task, parameters) ? "" : "there is no claim";
  AddTip(mission, parameters);
  if (intent == "merge") {
    const MergeBatch* batch = mission.merge.OpenBatch();
    if (batch == nullptr && PendingClaims(mission).empty()) return "no repair was verified";
    *later = batch == nullptr || batch->verdict != BatchVerdict::kOpen;
    if (*later) return "";
    if (NeedsCoverage(mission) && !AddOutput(mission, "observe", "coverage", parameters)) {
      return "the baseline has no coverage";
    }
    return AddBatch(mission, *batch, parameters) ? "" : "a claim has no commit";
  }
  if (intent == "integrate") {
    parameters["verified_trees"] = TreesSeenPassing(mission, parameters["expected_digest"]);
    return "";
  }
  parameters["deliver"] = DeliveryWord(ParseDelivery(mission.request.deliver).mode);
  parameters["branch"] = mission.branch;
  parameters["commit"] = mission.branch_commit;
  parameters["tree"] = mission.branch_tree;
  parameters["old_commit"] = mission.branch_old;
  *later = mission.branch.empty();
  return "";
}

/// Several whole runs of the suite fit into one lease; searching has its own budget of tests and
/// the wall limit only catches what hangs.
uint64_t WallLimit(const MissionState& mission, const TaskState& task) {
  const uint64_t suite = mission.request.limits.suite_timeout_ms;
  const uint64_t search = task.spec.intent == "repair" ? 240 * kMinuteMs : 0;
  return 6 * suite + search + 10 * kMinuteMs;
}

}  // namespace

Parametrized Parametrize(const MissionState& mission, const TaskState& task) {
  Parametrized out;
  out.wall_ms_max = WallLimit(mission, task);
  Action action;
  action.name = task.spec.intent;
  action.parameters = task.spec.parameters;
  action.parameters["seed"] = std::to_string(mission.request.seed);
  action.parameters["timeout_ms"] = std::to_string(mission.request.limits.agent_timeout_ms);
  const uint64_t tests_max = mission.request.limits.tests_max;
  if (task.spec.tests_max > 0 && mission.tests_used + mission.tests_reserved >= tests_max) {
    if (mission.tests_reserved == 0) out.impossible = "the budget of executed tests is spent";
    return out;
  }
  bool later = false;
  out.impossible = Prepare(mission, task, action.parameters, &later);
  if (out.impossible.empty() && !later) out.action = std::move(action);
  return out;
}

}  // namespace coditect
