// The merge queue over Step and Decide: batches of scripted repairs of which some do not get along.
#include <doctest/doctest.h>

#include <algorithm>
#include <random>
#include <set>

#include "src/base/strings.h"
#include "src/domain/evidence.h"
#include "src/domain/plan.h"
#include "src/orchestrator/orchestrator.h"
#include "src/task_queue/step.h"

namespace coditect {
namespace {

constexpr const char* kHost = "aaaaaaaabbbbbbbbccccccccdddddddd";
const MissionId kRun = "r-7f3a";

/// Which repairs, by number from 0, do not get along.
struct Script {
  size_t repairs = 2;
  std::vector<std::pair<size_t, size_t>> semantic;  // merge as texts, fail together
  std::vector<std::pair<size_t, size_t>> textual;   // do not merge
  std::set<size_t> unverified;                      // no tester saw them pass
  std::map<size_t, std::string> mends;              // faults that a repair mends beside its own
  size_t lost = 0;                                  // merge leases that die with their host
};

/// One mission with `repairs` faults, driven until it ends. After every fact the state is folded
/// anew from the events, as an owner does that was killed at that moment.
class Queue {
 public:
  explicit Queue(Script script) : script_(std::move(script)) {
    Post("", ShardOpened{.incarnation = 1, .build_id = "test"});
    JoinHost();
    MissionRequest request;
    request.request_id = "7f3a9c000000";
    request.goal = "make the tests pass";
    request.repository.base_commit = "base";
    request.repository.base_tree = "base-tree";
    request.limits = {.max_retries = 2, .tests_max = 100'000};
    Post("", MissionRequested{.request = request});
    Post(kRun, ClientAttached{.client_id = "c1"});
    for (int i = 0; i < 2000 && mission().running(); ++i) Turn();
  }

  const MissionState& mission() const { return *state_.Find(kRun); }

  std::vector<size_t> Merged() const {
    std::vector<size_t> out;
    for (const MergedClaim& claim : mission().merge.merged) out.push_back(NumberOf(claim.task_id));
    return out;
  }

  std::vector<std::string> Reasons() const {
    std::vector<std::string> out;
    for (const DroppedClaim& claim : mission().merge.dropped) out.push_back(claim.reason);
    return out;
  }

  /// The task that repairs fault `number`, as it is named to people.
  std::string Name(size_t number) const {
    return RepairName(mission(), VerifyTasks(mission())[number]->spec.task_id);
  }

  size_t suites = 0;  // whole runs of merged trees
  size_t probes = 0;

 private:
  void Post(const MissionId& id, EventBody body) {
    std::vector<Event> events;
    Step(state_, {.mission_id = id, .body = std::move(body), .wall_ms = 1}, events);
    all_.insert(all_.end(), events.begin(), events.end());
    ShardState folded;
    for (const Event& event : all_) REQUIRE(Fold(folded, event).ok());
    REQUIRE(folded == state_);
  }

  void JoinHost() {
    Post("", HostJoined{.host_id = kHost,
                        .slots = 16,
                        .roles = {Role::kAnalyzer, Role::kCoder, Role::kTester, Role::kPlanner,
                                  Role::kIntegrator}});
  }

  void Turn() {
    for (const MissionProposal& next : orchestrator_.Decide(mission())) {
      for (const TaskPlanned& task : next.tasks) Post(kRun, task);
      Post(kRun, ProposalSubmitted{.proposal = next.proposal});
    }
    for (size_t i = 0; i < mission().tasks.size(); ++i) {
      if (mission().tasks[i].lease && mission().running()) Work(mission().tasks[i]);
    }
  }

  size_t NumberOf(TaskId verify) const {
    const auto claims = VerifyTasks(mission());
    for (size_t i = 0; i < claims.size(); ++i) {
      if (claims[i]->spec.task_id == verify) return i;
    }
    return claims.size();
  }

  void Work(const TaskState& task) {
    TaskResult result;
    result.task_id = task.spec.task_id;
    result.epoch = task.lease->epoch;
    result.agent_id = task.lease->agent_id;
    result.outcome = ResultOutcome::kSuccess;
    const std::string intent = task.spec.intent;
    const auto parameters = task.lease->action.parameters;
    if (intent == "observe") {
      result.outputs = {{"world", "blob"}, {"coverage", "blob"}};
      result.baseline = BaselineSummary{
          .baseline = "blob", .expected_digest = ExpectedDigest(Ids()), .passed = 1, .failing = 1};
    } else if (intent == "localize") {
      result.outputs["faults"] = "blob";
    } else if (intent == "plan") {
      DraftPlan(result);
    } else if (intent == "repair") {
      result.tree = "tree-" + parameters.at("cluster");
      result.commit = "commit-" + parameters.at("cluster");
    } else if (intent == "verify") {
      result.tree = parameters.at("tree");
      if (script_.unverified.contains(std::stoul(parameters.at("clusters")))) {
        result.outcome = ResultOutcome::kBlocked;
        result.reason = "not seen passing";
      }
      const auto more = script_.mends.find(std::stoul(parameters.at("clusters")));
      if (more != script_.mends.end()) result.outputs["mends"] = more->second;
    } else if (intent == "merge") {
      if (script_.lost > 0) {
        --script_.lost;
        Post("", HostLeft{.host_id = kHost});
        JoinHost();
        return;
      }
      Merge(parameters, result);
    }
    if (result.outcome == ResultOutcome::kSuccess && !result.tree.empty()) {
      const auto digest = parameters.find("expected_digest");
      result.evidence =
          Evidence{.kind = "tests",
                   .tree = result.tree,
                   .expected_digest = digest == parameters.end() ? "" : digest->second,
                   .expected = 3,
                   .passed = 3,
                   .normal_end = true,
                   .tests_unchanged = true};
    }
    Post(kRun, ResultReported{.result = result});
  }

  void Merge(const std::map<std::string, std::string>& parameters, TaskResult& result) {
    const bool probe = parameters.at("probe") == "1";
    std::vector<std::string> trees;
    if (!probe && parameters.at("tip_decided") == "1")
      trees = Split(parameters.at("tip_tree"), '+');
    const auto claims = Split(parameters.at("claims"), ' ');
    const auto added = Split(parameters.at("trees"), ' ');
    for (size_t i = 0; i < added.size(); ++i) {
      for (const auto& [one, other] : script_.textual) {
        const auto before = [&](size_t number) {
          return std::find(trees.begin(), trees.end(), StrCat("tree-", number)) != trees.end();
        };
        const bool both = (added[i] == StrCat("tree-", other) && before(one)) ||
                          (added[i] == StrCat("tree-", one) && before(other));
        if (!both) continue;
        result.outcome = ResultOutcome::kRefuted;
        result.reason = "conflict in a file";
        result.outputs["culprit"] = claims[i];
        return;
      }
      trees.push_back(added[i]);
    }
    const std::string tree = Join(trees, "+");
    const auto seen = Split(parameters.at("verified_trees"), ' ');
    if (std::find(seen.begin(), seen.end(), tree) == seen.end()) ++(probe ? probes : suites);
    const auto in = [&](size_t number) {
      return std::find(trees.begin(), trees.end(), StrCat("tree-", number)) != trees.end();
    };
    for (const auto& [one, other] : script_.semantic) {
      if (!in(one) || !in(other)) continue;
      result.outcome = ResultOutcome::kRefuted;
      result.reason = "test_p fails";
      return;
    }
    if (probe) return;
    result.tree = tree;
    result.commit = "commit-" + tree;
  }

  std::vector<std::string> Ids() const {
    std::vector<std::string> ids = {"p"};
    for (size_t i = 0; i < script_.repairs; ++i) ids.push_back(StrCat("f", i));
    return ids;
  }

  void DraftPlan(TaskResult& result) {
    PlanningContext context;
    context.request = mission().request;
    context.baseline.passed = {"p"};
    for (size_t i = 0; i < script_.repairs; ++i) {
      context.faults.clusters.push_back({.tests = {StrCat("f", i)}});
    }
    context.first_ordinal = 4;
    const auto plan = orchestrator_.Plan(context);
    REQUIRE(plan.ok());
    for (const TaskSpec& task : plan->tasks) {
      Post(kRun, TaskPlanned{.plan_version = 2, .task = task});
    }
    result.outputs["plan"] = "blob";
    result.plan = PlanDraft{.version = 2,
                            .count = static_cast<uint32_t>(plan->tasks.size()),
                            .digest = PlanDigest(plan->tasks)};
  }

  Script script_;
  const Orchestrator orchestrator_;
  ShardState state_;
  std::vector<Event> all_;
};

std::vector<size_t> AllBut(size_t count, std::set<size_t> left_out) {
  std::vector<size_t> out;
  for (size_t i = 0; i < count; ++i) {
    if (!left_out.contains(i)) out.push_back(i);
  }
  return out;
}

}  // namespace

TEST_CASE("RepairsThatGetAlongAreOneBatchInThePlansOrderAndOneRunOfTheSuite") {
  for (const size_t repairs : {1, 2, 9}) {
    CAPTURE(repairs);
    Queue queue({.repairs = repairs, .lost = 1});
    CHECK_EQ(queue.mission().outcome, Outcome::kVerified);
    CHECK_EQ(queue.Merged(), AllBut(repairs, {}));
    CHECK_EQ(queue.mission().merge.batches.size(), 1);
    CHECK_EQ(queue.suites, repairs == 1 ? 0 : 1);  // one alone was tested by its tester
  }
}

TEST_CASE("ASemanticConflictIsFoundByBisectionNamesBothAndCostsOnlyTheLaterRepair") {
  Queue queue({.repairs = 16, .semantic = {{5, 11}}});
  CHECK_EQ(queue.mission().outcome, Outcome::kNotVerified);
  CHECK_EQ(queue.Merged(), AllBut(16, {11}));
  REQUIRE_EQ(queue.Reasons().size(), 1);
  CHECK_EQ(queue.Reasons()[0], StrCat("semantic conflict between ", queue.Name(5), " and ",
                                      queue.Name(11), ": test_p fails"));
  CHECK_EQ(queue.mission().partial, queue.mission().tip);
  CHECK(Contains(queue.mission().reason, "15 of 16 independent faults were mended; semantic"));
  CHECK_LE(queue.suites, 1 + 4 + 1);  // the batch, log2 16 halves, the rest
  CHECK_LE(queue.probes, 4);
}

TEST_CASE("TheFirstTwoOfTwoAreBlamedWithoutFurtherRuns") {
  Queue queue({.repairs = 2, .semantic = {{0, 1}}});
  CHECK_EQ(queue.Merged(), std::vector<size_t>{0});
  CHECK_EQ(queue.suites, 1);
  CHECK_EQ(queue.probes, 0);
}

TEST_CASE("TextsThatConflictCostNoRunOfTheSuite") {
  Queue queue({.repairs = 4, .textual = {{0, 2}}});
  CHECK_EQ(queue.Merged(), AllBut(4, {2}));
  CHECK_EQ(queue.Reasons(), std::vector<std::string>{"conflict in a file"});
  CHECK_EQ(queue.suites, 1);
}

TEST_CASE("WhatNoTesterSawPassingIsLeftOutAndTheRestIsKept") {
  Queue queue({.repairs = 3, .unverified = {0}});
  CHECK_EQ(queue.mission().outcome, Outcome::kNotVerified);
  CHECK_EQ(queue.Merged(), AllBut(3, {0}));
  CHECK_FALSE(queue.mission().partial.empty());
  CHECK_EQ(queue.mission().reason, "2 of 3 independent faults were mended");
  Queue none({.repairs = 2, .unverified = {0, 1}});
  CHECK_EQ(none.mission().reason, "no repair of the 2 faults passed every test");
  CHECK(none.mission().partial.empty());
}

TEST_CASE("WhatARepairMendsBesideItsOwnNeedsNoOtherAndIsTestedTogether") {
  Queue queue({.repairs = 4, .mends = {{0, "1 3"}}});
  CHECK_EQ(queue.mission().outcome, Outcome::kVerified);
  CHECK_EQ(queue.mission().merge.merged.size(), 2);  // 0 and 2
  CHECK_EQ(queue.suites, 1);
  const auto cancelled = std::ranges::count_if(queue.mission().tasks, [](const TaskState& task) {
    return task.spec.intent == "verify" && task.status == TaskStatus::kCancelled;
  });
  CHECK_EQ(cancelled, 2);
  // One alone was seen by its tester mending its own fault only: what is merged is tested for all.
  Queue alone({.repairs = 2, .mends = {{0, "1"}}});
  CHECK_EQ(alone.mission().outcome, Outcome::kVerified);
  CHECK_EQ(alone.mission().tip_tree, "tree-0");
  CHECK_EQ(alone.suites, 1);
}

TEST_CASE("WhateverDoesNotGetAlongTheRestIsMergedInTheEnd") {
  std::mt19937 random(7);
  for (int round = 0; round < 40; ++round) {
    Script script{.repairs = 2 + random() % 9, .lost = random() % 3};
    for (uint32_t i = random() % 4; i > 0; --i) {
      const size_t one = random() % script.repairs;
      const size_t other = random() % script.repairs;
      auto& pairs = random() % 3 == 0 ? script.textual : script.semantic;
      if (one != other) pairs.emplace_back(std::min(one, other), std::max(one, other));
    }
    CAPTURE(round);
    Queue queue(script);
    REQUIRE_FALSE(queue.mission().running());
    const MergeQueueState& merge = queue.mission().merge;
    CHECK_EQ(merge.merged.size() + merge.dropped.size(), script.repairs);
    const auto merged = queue.Merged();
    const auto in = [&](size_t number) {
      return std::find(merged.begin(), merged.end(), number) != merged.end();
    };
    for (const auto* pairs : {&script.semantic, &script.textual}) {
      for (const auto& [one, other] : *pairs) CHECK_FALSE((in(one) && in(other)));
    }
    // Nothing is dropped without a partner in the result.
    for (size_t i = 0; i < script.repairs; ++i) {
      bool conflicts = in(i);
      for (const auto* pairs : {&script.semantic, &script.textual}) {
        for (const auto& [one, other] : *pairs) {
          conflicts |= (other == i && in(one)) || (one == i && in(other));
        }
      }
      CHECK(conflicts);
    }
    CHECK_EQ(queue.mission().outcome,
             merge.dropped.empty() ? Outcome::kVerified : Outcome::kNotVerified);
  }
}

}  // namespace coditect
