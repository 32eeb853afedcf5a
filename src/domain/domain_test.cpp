// Rules of plans, evidence and identifiers.
#include <doctest/doctest.h>

#include "src/domain/evidence.h"
#include "src/domain/number_set.h"
#include "src/domain/plan.h"
#include "src/domain/state.h"

namespace coditect {
namespace {

TaskSpec Task(uint32_t ordinal, std::vector<TaskId> dependencies) {
  TaskSpec task;
  task.task_id = {ordinal};
  task.role = Role::kCoder;
  task.intent = "repair";
  task.dependency_modes.resize(dependencies.size());
  task.dependencies = std::move(dependencies);
  return task;
}

Evidence Passing() {
  return {.kind = "tests",
          .tree = "tree",
          .expected_digest = "digest",
          .expected = 3,
          .passed = 3,
          .changed_hunks = 1,
          .changed_hunks_executed = 1,
          .normal_end = true,
          .tests_unchanged = true};
}

}  // namespace

TEST_CASE("PlansWithBrokenEdgesAreRefusedByTaskName") {
  CHECK(ValidatePlan({Task(1, {}), Task(2, {{1}})}, 1).ok());
  CHECK_EQ(Message(ValidatePlan({}, 1)), "the plan has no task");
  CHECK_EQ(Message(ValidatePlan({Task(1, {{1}})}, 1)), "task t-1: depends on itself");
  CHECK_EQ(Message(ValidatePlan({Task(1, {{2}}), Task(2, {{1}})}, 1)),
           "task t-1: dependency t-2 does not come before it");
  CHECK_EQ(Message(ValidatePlan({Task(1, {{9}})}, 1)),
           "task t-1: dependency t-9 does not come before it");
  CHECK_EQ(Message(ValidatePlan({Task(1, {}), Task(1, {})}, 1)), "task t-1: expected t-2 here");
  TaskSpec unknown = Task(1, {});
  unknown.intent = "dance";
  CHECK_EQ(Message(ValidatePlan({unknown}, 1)), "task t-1: unknown intent 'dance'");
  unknown = Task(1, {});
  unknown.role = Role::kUnspecified;
  CHECK_EQ(Message(ValidatePlan({unknown}, 1)), "task t-1: unknown role");
}

TEST_CASE("APlansDigestChangesWithEveryPartOfIt") {
  const std::vector<TaskSpec> plan = {Task(1, {}), Task(2, {{1}})};
  const std::string digest = PlanDigest(plan);
  auto other = plan;
  other[1].dependency_modes[0] = DependencyMode::kSettled;
  CHECK_NE(PlanDigest(other), digest);
  other = plan;
  other[0].parameters["a"] = "b";
  CHECK_NE(PlanDigest(other), digest);
  other = plan;
  other[0].forecast.cpu_ms = 1;
  CHECK_NE(PlanDigest(other), digest);
}

TEST_CASE("EvidenceProvesNothingWhenAnyPartOfItIsMissing") {
  CHECK_EQ(EvidenceFaultFor(Passing(), "tree", "digest"), "");
  const auto fault = [](auto change) {
    Evidence evidence = Passing();
    change(evidence);
    return EvidenceFaultFor(evidence, "tree", "digest");
  };
  CHECK_NE(fault([](Evidence& e) { e.tree = "other"; }), "");
  CHECK_NE(fault([](Evidence& e) { e.expected_digest = "other"; }), "");
  CHECK_NE(fault([](Evidence& e) { e.normal_end = false; }), "");
  CHECK_NE(fault([](Evidence& e) { e.failed = 1; }), "");
  CHECK_NE(fault([](Evidence& e) { e.missing = 1; }), "");
  CHECK_NE(fault([](Evidence& e) { e.new_failed = 1; }), "");
  CHECK_NE(fault([](Evidence& e) { e.base_failed = 1; }), "");
  CHECK_NE(fault([](Evidence& e) { e.passed = 2; }), "");
  CHECK_NE(fault([](Evidence& e) { e.expected = e.passed = 0; }), "");
  CHECK_NE(fault([](Evidence& e) { e.changed_hunks_executed = 0; }), "");
  CHECK_NE(fault([](Evidence& e) { e.tests_unchanged = false; }), "");
}

TEST_CASE("ChangedTestsPassOnlyWithAReviewThatNamesThem") {
  Evidence evidence = Passing();
  evidence.tests_unchanged = false;
  evidence.base_failed = 2;
  evidence.tests_fault = "test_x.py is an existing test, and was changed";
  CHECK_EQ(EvidenceFault(evidence),
           "2 expected tests did not pass with the base's tests in place: "
           "test_x.py is an existing test, and was changed");
  evidence.review = "blob";
  CHECK_EQ(EvidenceFault(evidence), "");
  evidence.new_failed = 1;
  evidence.tests_fault = "test_new.py::test_y";
  CHECK_EQ(EvidenceFault(evidence), "1 new test failed: test_new.py::test_y");
}

TEST_CASE("OnlyTestsThatTheBaseDoesNotHaveAreNewFailures") {
  Baseline baseline;
  baseline.cases = {{.id = "known", .status = TestStatus::kFailed},
                    {.id = "broken.py", .status = TestStatus::kFailed}};
  TestReport report;
  report.cases = {{.id = "known", .status = TestStatus::kFailed},
                  {.id = "new", .status = TestStatus::kFailed},
                  {.id = "fine", .status = TestStatus::kPassed}};
  report.collection_errors = {{.file = "broken.py"}, {.file = "other.py"}};
  CHECK_EQ(NewFailures(baseline, report), std::vector<std::string>{"new", "other.py"});
}

TEST_CASE("AnExpectedTestThatIsSkippedOrUnseenIsMissing") {
  TestReport report;
  report.normal_end = true;
  report.cases = {{.id = "a", .status = TestStatus::kPassed},
                  {.id = "b", .status = TestStatus::kFailed},
                  {.id = "c", .status = TestStatus::kSkipped}};
  Evidence evidence;
  CompareWithExpected({"a", "b", "c", "d"}, report, &evidence);
  CHECK_EQ(evidence.passed, 1);
  CHECK_EQ(evidence.failed, 1);
  CHECK_EQ(evidence.missing, 2);
  CHECK_EQ(ExpectedDigest({"b", "a", "a"}), ExpectedDigest({"a", "b"}));
  CHECK_NE(ExpectedDigest({"ab"}), ExpectedDigest({"a", "b"}));
}

TEST_CASE("AFileThatCouldNotBeCollectedPassesOnlyWhenAllItsTestsDo") {
  TestReport report;
  report.cases = {{.id = "t.py::a", .status = TestStatus::kPassed, .file = "t.py"},
                  {.id = "t.py::b", .status = TestStatus::kPassed, .file = "t.py"}};
  Evidence evidence;
  CompareWithExpected({"t.py"}, report, &evidence);
  CHECK_EQ(evidence.passed, 1);
  report.cases[1].status = TestStatus::kFailed;
  CompareWithExpected({"t.py"}, report, &evidence);
  CHECK_EQ(evidence.failed, 1);
  report.cases.clear();
  CompareWithExpected({"t.py"}, report, &evidence);
  CHECK_EQ(evidence.missing, 1);
  report.collection_errors = {{.file = "t.py"}};
  CompareWithExpected({"t.py"}, report, &evidence);
  CHECK_EQ(evidence.failed, 1);
}

TEST_CASE("IdentifiersReadBackWhatTheyPrint") {
  TaskId id;
  CHECK(TaskId::Parse("t-12", &id));
  CHECK_EQ(id.ordinal, 12);
  CHECK_FALSE(TaskId::Parse("t-0", &id));
  CHECK_FALSE(TaskId::Parse("x-1", &id));
  CHECK_EQ(AgentNumber(MakeAgentId(Role::kTester, 4, "0123456789abcdef")), 4);
  CHECK_EQ(MakeAgentId(Role::kTester, 4, "0123456789abcdef"), "tester-4@01234567");
  CHECK_EQ(AgentNumber("nonsense"), 0);
  CHECK_LT((Epoch{1, 9}), (Epoch{2, 1}));
}

TEST_CASE("TheLowestFreeNumberIsTheFirstGapAndEqualSetsCompareEqual") {
  NumberSet set;
  CHECK_EQ(set.LowestFree(), 1);
  for (uint32_t number = 1; number <= 130; ++number) {
    CHECK_EQ(set.LowestFree(), number);
    CHECK(set.Insert(number));
    CHECK_FALSE(set.Insert(number));
  }
  set.Erase(65);
  set.Erase(3);
  CHECK_EQ(set.LowestFree(), 3);
  CHECK(set.Insert(3));
  CHECK_EQ(set.LowestFree(), 65);
  for (uint32_t number = 2; number <= 130; ++number) set.Erase(number);
  NumberSet one;
  CHECK(one.Insert(1));
  CHECK(set == one);
}

TEST_CASE("NumbersThatNoAgentHasAreNotTaken") {
  NumberSet set;
  CHECK_FALSE(set.Insert(0));
  CHECK_FALSE(set.Insert(NumberSet::kMax + 1));
  CHECK(set.Insert(NumberSet::kMax));
  set.Erase(0);
  set.Erase(UINT32_MAX);
  CHECK_EQ(set.LowestFree(), 1);
}

TEST_CASE("OnceTheBaseHasAdvancedOnlyWhatBeginsWithItCounts") {
  ShardState state;
  MissionState& mission = state.missions["r-1"];
  mission.id = "r-1";
  mission.plan_version = 3;
  mission.request.repository = {.base_commit = "base", .base_tree = "base-tree"};
  for (const char* intent : {"verify", "merge", "verify", "merge"}) {
    TaskState task;
    task.spec = Task(static_cast<uint32_t>(mission.tasks.size()) + 1, {});
    task.spec.intent = intent;
    task.plan_version = 2;
    mission.tasks.push_back(std::move(task));
  }
  mission.merge.merged = {{.task_id = {1}, .commit = "mended"}};
  CHECK_EQ(MergeTask(mission)->spec.task_id, TaskId{2});
  CHECK_EQ(VerifyTasks(mission).size(), 2);
  CHECK_EQ(PresentBase(mission).base_commit, "base");
  REQUIRE(Fold(state, {.mission_id = "r-1",
                       .body = BaseAdvanced{.task_id = {2}, .commit = "mended", .tree = "tree"},
                       .sequence = 1})
              .ok());
  CHECK_EQ(MergeTask(mission)->spec.task_id, TaskId{4});
  CHECK_EQ(VerifyTasks(mission).size(), 1);
  CHECK_EQ(PresentBase(mission).base_commit, "mended");
  CHECK_EQ(PresentBase(mission).base_tree, "tree");
  CHECK(mission.merge.merged.empty());
  CHECK_EQ(mission.bases.back().merge.merged.size(), 1);
}

}  // namespace coditect
