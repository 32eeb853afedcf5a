// What goals ask for, and what is planned for a build.
#include "src/orchestrator/mission_planner.h"

#include <doctest/doctest.h>

#include "src/domain/evidence.h"

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

}  // namespace
}  // namespace coditect
