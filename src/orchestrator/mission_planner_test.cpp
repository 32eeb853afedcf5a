// What goals ask for, and the rules of the plans of repairs and builds.
#include "src/orchestrator/mission_planner.h"

#include <doctest/doctest.h>

#include "src/domain/evidence.h"
#include "src/domain/plan.h"

namespace coditect {
namespace {

TEST_CASE("AGoalIsABuildWhenNothingElseIsSaid") {
  for (const char* goal :
       {"make it build", "Make it compile!", "fix the build", "fix the compile errors",
        "please make the project build again", "repair the broken build", "get this to link"}) {
    CHECK_MESSAGE(ClassifyGoal(goal) == GoalKind::kBuilds, goal);
  }
  for (const char* goal :
       {"build a web server", "build feature X", "make it build faster", "make it build on Windows",
        "build", "fix it", "make a compiler pass", "add a build for arm"}) {
    CHECK_MESSAGE(ClassifyGoal(goal) == GoalKind::kNeedsModel, goal);
  }
  CHECK(ClassifyGoal("make the tests pass") == GoalKind::kTestsPass);
  CHECK(ClassifyGoal("fix the build and the failing tests") == GoalKind::kTestsPass);
}

TEST_CASE("ThePlanOfABuildHasTwoRivalsThatNeedNoTests") {
  PlanningContext context;
  context.baseline.harness.command = "make";
  context.baseline.goal = {BuildId("make")};
  context.faults.clusters = {{.tests = context.baseline.goal}};
  context.first_ordinal = 4;
  context.request.limits.tests_max = 1000;
  const auto plan = PlanRepairs(context);
  REQUIRE(plan.ok());
  REQUIRE(plan->tasks.size() == 5);
  for (size_t i = 0; i < 2; ++i) {
    CHECK(plan->tasks[i].intent == "repair");
    CHECK(plan->tasks[i].group == 1);
    CHECK(plan->tasks[i].tests_max == 0);
    CHECK(plan->tasks[i].parameters.at("goal") == "build");
  }
  CHECK(plan->tasks[2].intent == "verify");
  CHECK(plan->tasks[2].parameters.at("expected_digest") == ExpectedDigest({BuildId("make")}));
  CHECK(plan->tasks[4].intent == "deliver");
}

TEST_CASE("WhereTestsAreTheGoalABuildIsMendedFirstAndTheTestsAreLookedAtAgain") {
  PlanningContext context;
  context.baseline.harness.command = "make";
  context.baseline.goal = {BuildId("make")};
  context.faults.clusters = {{.tests = context.baseline.goal}};
  context.first_ordinal = 4;
  context.request.goal = "make the tests pass";
  const auto plan = PlanRepairs(context);
  REQUIRE(plan.ok());
  REQUIRE(plan->tasks.size() == 7);
  CHECK(plan->tasks[3].intent == "merge");
  CHECK(plan->tasks[3].parameters.contains("advances"));
  CHECK(plan->tasks[4].intent == "observe");
  CHECK(plan->tasks[4].dependencies == std::vector<TaskId>{{7}});
  CHECK_FALSE(plan->tasks[4].parameters.contains("goal"));
  CHECK(plan->tasks[6].intent == "plan");
  for (const TaskSpec& task : plan->tasks) CHECK(task.intent != "deliver");
}

TEST_CASE("WhatPassesOnceItBuildsIsTestedOnceMoreAndDelivered") {
  PlanningContext context;
  context.baseline.passed = {"a", "b"};
  context.first_ordinal = 11;
  const auto plan = PlanRepairs(context);
  REQUIRE(plan.ok());
  REQUIRE(plan->tasks.size() == 2);
  CHECK(plan->tasks[0].intent == "verify");
  CHECK(plan->tasks[0].parameters.at("expected_digest") == ExpectedDigest({"a", "b"}));
  CHECK(plan->tasks[0].parameters.contains("base"));
  CHECK(plan->tasks[1].intent == "deliver");
  context.baseline.passed.clear();
  CHECK_FALSE(PlanRepairs(context).ok());
}

PlanningContext Context(size_t clusters) {
  PlanningContext context;
  context.request.limits.tests_max = 100'000;
  context.baseline.harness.language = "python";
  context.baseline.passed = {"p"};
  context.baseline.suite_ms = 400;
  for (size_t i = 0; i < clusters; ++i) {
    context.faults.clusters.push_back({.tests = {StrCat("f", i)}});
  }
  return context;
}

SkillRecord Known(const char* skill, uint64_t trials, uint64_t successes) {
  return {.skill = skill,
          .trials_milli = trials * 1000,
          .successes_milli = successes * 1000,
          .cpu_ms = 9000,
          .wall_ms = 9000,
          .tests = 900,
          .suite_ms = 400};
}

std::vector<const TaskSpec*> Of(const PlanDocument& plan, std::string_view intent) {
  std::vector<const TaskSpec*> tasks;
  for (const TaskSpec& task : plan.tasks) {
    if (task.intent == intent) tasks.push_back(&task);
  }
  return tasks;
}

}  // namespace

TEST_CASE("HoweverManyFaultsThereIsOneMergeThatWaitsForAllVerifications") {
  const auto plan = PlanRepairs(Context(3));
  REQUIRE(plan.ok());
  const auto merges = Of(*plan, "merge");
  REQUIRE_EQ(merges.size(), 1);
  CHECK_EQ(merges[0]->dependencies.size(), 3);
  for (const DependencyMode mode : merges[0]->dependency_modes) {
    CHECK_EQ(mode, DependencyMode::kSettled);  // what fails does not keep the others back
  }
}

TEST_CASE("WithoutHistoryTheSharesAreTheFixedOnes") {
  CHECK_EQ(TestsShares({}, "python"), std::vector<uint32_t>{40, 40, 20});
  const auto plan = PlanRepairs(Context(2));
  REQUIRE(plan.ok());
  CHECK_EQ(Of(*plan, "repair")[0]->tests_max, 20'000);
  CHECK_EQ(Of(*plan, "repair")[0]->forecast.success_permille, 550);
}

TEST_CASE("HistoryMovesTheBudgetToWhatSucceedsAndNothingStarves") {
  Experience experience;
  experience.skills = {Known("coder:python:edits", 15, 0), Known("coder:python:pairs", 15, 0),
                       Known("coder:python:synthesis", 15, 15)};
  const auto shares = TestsShares(experience, "python");
  REQUIRE_EQ(shares.size(), 3);
  CHECK_GT(shares[1], 60);
  CHECK_GE(shares[0], 10);  // a quarter of 40
  CHECK_GE(shares[2], 5);
  CHECK_LE(shares[0] + shares[1] + shares[2], 101);
  CHECK_EQ(TestsShares(experience, "c"), std::vector<uint32_t>{40, 40, 20});
}

TEST_CASE("HistoryChangesForecastsAndBudgetsButNeitherTasksNorRanks") {
  PlanningContext taught = Context(2);
  taught.experience.skills = {Known("coder:python:edits", 15, 1),
                              Known("coder:python:synthesis", 15, 15)};
  const auto before = PlanRepairs(Context(2));
  const auto after = PlanRepairs(taught);
  REQUIRE(before.ok());
  REQUIRE(after.ok());
  REQUIRE_EQ(before->tasks.size(), after->tasks.size());
  for (size_t i = 0; i < before->tasks.size(); ++i) {
    TaskSpec task = after->tasks[i];
    if (task.intent == "repair") CHECK_NE(task.forecast, before->tasks[i].forecast);
    task.forecast = before->tasks[i].forecast;
    task.tests_max = before->tasks[i].tests_max;
    CHECK_EQ(task, before->tasks[i]);
  }
}

}  // namespace coditect
