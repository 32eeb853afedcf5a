// Rules of delivering: what may be decided, what happens when the branch moves meanwhile, and plans
// that are run later.
#include "src/domain/delivery.h"

#include <doctest/doctest.h>

#include "src/domain/plan.h"
#include "src/task_queue/step.h"

namespace coditect {
namespace {

constexpr const char* kHostId = "aaaaaaaabbbbbbbbccccccccdddddddd";
constexpr const char* kBranch = "refs/heads/side";

/// A mission whose tip is tested, with what is left to do: integrate t-1 (of "ff"), deliver t-2.
class DeliveryBench {
 public:
  explicit DeliveryBench(const std::string& deliver, uint32_t max_retries = 3) {
    Post("", ShardOpened{.incarnation = 1, .build_id = "test"});
    Post("", HostJoined{.host_id = kHostId, .slots = 8, .roles = {Role::kIntegrator}});
    MissionRequest request;
    request.request_id = "7f3a9c000000";
    request.repository.base_name = "side";
    request.deliver = deliver;
    request.limits = {.max_retries = max_retries, .tests_max = 1000, .suite_timeout_ms = 1};
    Post("", MissionRequested{.request = request});
    Post(id, ClientAttached{.client_id = "c1"});
    std::vector<TaskSpec> tasks(2);
    tasks[0].intent = "integrate";
    tasks[1].intent = "deliver";
    for (uint32_t i = 0; i < 2; ++i) {
      tasks[i].task_id = {i + 1};
      tasks[i].role = Role::kIntegrator;
      tasks[i].parameters["expected_digest"] = "digest";
    }
    tasks[1].dependencies = {{1}};
    tasks[1].dependency_modes = {DependencyMode::kSettled};
    for (const TaskSpec& task : tasks) Post(id, TaskPlanned{.plan_version = 1, .task = task});
    Post(id, ProposalSubmitted{{.kind = ProposalKind::kPlan,
                                .plan_version = 1,
                                .task_count = 2,
                                .digest = PlanDigest(tasks)}});
    MissionState& m = *state.Find(id);
    m.baseline = BaselineSummary{.baseline = "blob", .expected_digest = "digest", .failing = 1};
    m.tip = "tip";
    m.tip_tree = "tip-tree";
    See("tip-tree");
    TaskState localized;
    localized.spec.task_id = {3};
    localized.spec.intent = "localize";
    localized.plan_version = 1;
    localized.status = TaskStatus::kDone;
    localized.result.outputs["faults"] = "blob";
    m.tasks.push_back(localized);
    Post(id,
         ProposalSubmitted{
             {.kind = ProposalKind::kTeam, .plan_version = 1, .team = {{Role::kIntegrator, 1}}}});
  }

  void See(const TreeId& tree) {
    state.Find(id)->verdicts.push_back(
        {.tree = tree, .expected_digest = "digest", .role = Role::kTester});
  }

  std::vector<Event> Post(const MissionId& mission_id, EventBody body) {
    std::vector<Event> events;
    Step(state, {.mission_id = mission_id, .body = std::move(body), .wall_ms = 1}, events);
    return events;
  }

  TaskResult ResultOf(uint32_t ordinal, const CommitId& commit, const TreeId& tree) {
    const TaskState& task = *mission().Find(TaskId{ordinal});
    REQUIRE(task.lease.has_value());
    TaskResult result;
    result.task_id = {ordinal};
    result.epoch = task.lease->epoch;
    result.agent_id = task.lease->agent_id;
    result.outcome = ResultOutcome::kSuccess;
    result.commit = commit;
    result.tree = tree;
    return result;
  }

  /// t-1 reports what it made of the branch at `base_at`.
  void Integrate(const CommitId& base_at, const CommitId& commit, const TreeId& tree) {
    TaskResult result = ResultOf(1, commit, tree);
    result.outputs["base_at"] = base_at;
    Post(id, ResultReported{.result = result});
  }

  /// "" when the merge is decided, else why not.
  std::string Decide(const std::string& ref, const CommitId& old_commit, const CommitId& commit,
                     const TreeId& tree) {
    return Refusal({.kind = ProposalKind::kMerge,
                    .plan_version = 1,
                    .ref = ref,
                    .old_commit = old_commit,
                    .new_commit = commit,
                    .tree = tree});
  }

  std::string Refusal(Proposal proposal) {
    for (const Event& event : Post(id, ProposalSubmitted{.proposal = std::move(proposal)})) {
      if (const auto* refused = std::get_if<ProposalRefused>(&event.body)) return refused->reason;
    }
    return "";
  }

  const MissionState& mission() { return *state.Find(id); }
  const TaskState& task(uint32_t ordinal) { return *mission().Find(TaskId{ordinal}); }

  ShardState state;
  const MissionId id = "r-7f3a";
};

}  // namespace

TEST_CASE("TheBaseBranchMovesOnlyToWhatWasTestedOnIt") {
  DeliveryBench bench("ff");
  CHECK_EQ(bench.Decide(kBranch, "b1", "m1", "t1"),
           "the result is not put onto the base branch yet");
  bench.Integrate("b1", "m1", "t1");
  CHECK_EQ(bench.Decide("refs/heads/other", "b1", "m1", "t1"),
           "not the run's base: refs/heads/other");
  CHECK_EQ(bench.Decide(TipRef(bench.id), "b1", "m1", "t1"),
           "not the run's base: refs/coditect/r-7f3a/tip");
  const std::string other = "that is not what was made of the base branch and the tip";
  CHECK_EQ(bench.Decide(kBranch, "", "m1", "t1"), other);
  CHECK_EQ(bench.Decide(kBranch, "b2", "m1", "t1"), other);
  CHECK_EQ(bench.Decide(kBranch, "b1", "tip", "t1"), other);
  CHECK_EQ(bench.Decide(kBranch, "b1", "m1", "tip-tree"), other);
  CHECK_EQ(bench.Decide(kBranch, "b1", "m1", "t1"),
           "tree t1 was not seen passing all tests of the goal");
  CHECK_FALSE(bench.task(2).lease.has_value());  // nothing moves before it is decided
  bench.See("t1");
  CHECK_EQ(bench.Decide(kBranch, "b1", "m1", "t1"), "");
  CHECK_EQ(bench.mission().branch, kBranch);
  CHECK_EQ(bench.mission().branch_tree, "t1");
  const auto& parameters = bench.task(2).lease->action.parameters;
  CHECK_EQ(parameters.at("old_commit"), "b1");
  CHECK_EQ(parameters.at("commit"), "m1");
  CHECK_EQ(bench.Decide(kBranch, "b1", "m1", "t1"), "the branch is decided already");
}

TEST_CASE("ABranchThatMovedMeanwhileIsIntegratedAnewAndNotForEver") {
  DeliveryBench bench("ff", /*max_retries=*/1);
  bench.See("t1");
  for (const uint32_t attempt : {1U, 2U}) {
    bench.Integrate("b1", "m1", "t1");
    CHECK_EQ(bench.Decide(kBranch, "b1", "m1", "t1"), "");
    TaskResult lost = bench.ResultOf(2, "m1", "t1");
    lost.outcome = ResultOutcome::kRefuted;
    lost.reason = "it is at b2";
    bool dropped = false;
    for (const Event& event : bench.Post(bench.id, ResultReported{.result = lost})) {
      dropped |= std::holds_alternative<DeliveryDropped>(event.body);
    }
    CHECK(dropped);
    CHECK(bench.mission().branch.empty());
    CHECK(bench.mission().branch_commit.empty());
    if (attempt == 1) {
      CHECK(bench.task(1).lease.has_value());
      CHECK_EQ(bench.task(2).status, TaskStatus::kPending);
    }
  }
  CHECK_EQ(bench.task(2).status, TaskStatus::kFailed);
  CHECK(bench.task(2).reason.starts_with("not_verified: the branch moved each time"));
}

TEST_CASE("APatchNeedsNoBranchButATestedTip") {
  DeliveryBench bench("patch:/a/b.patch");
  TaskResult skipped = bench.ResultOf(1, "", "");
  skipped.outcome = ResultOutcome::kBlocked;
  bench.Post(bench.id, ResultReported{.result = skipped});
  CHECK_EQ(bench.Decide(BranchRef(bench.id), "", "tip", "tip-tree"),
           "not this run's branch: refs/heads/coditect/r-7f3a");
  CHECK_EQ(bench.Decide(PatchRef(bench.id), "", "other", "tip-tree"), "the branch is not the tip");
  bench.state.Find(bench.id)->verdicts.clear();
  CHECK_EQ(bench.Decide(PatchRef(bench.id), "", "tip", "tip-tree"),
           "tree tip-tree was not seen passing all tests of the goal");
  bench.See("tip-tree");
  CHECK_FALSE(bench.task(2).lease.has_value());
  CHECK_EQ(bench.Decide(PatchRef(bench.id), "", "tip", "tip-tree"), "");
  CHECK_EQ(bench.task(2).lease->action.parameters.at("deliver"), "patch");
  const Proposal verified = {.kind = ProposalKind::kVerdict, .outcome = Outcome::kVerified};
  CHECK_EQ(bench.Refusal(verified), "no branch was delivered");
  bench.Post(bench.id, ResultReported{.result = bench.ResultOf(2, "tip", "tip-tree")});
  std::vector<Event> ended = bench.Post(bench.id, ProposalSubmitted{.proposal = verified});
  CHECK_EQ(std::get<MissionCompleted>(ended.back().body).branch, "");
  CHECK_EQ(bench.mission().outcome, Outcome::kVerified);
}

TEST_CASE("APatchAndAMovedBranchWaitForAPersonAsABranchDoes") {
  for (const char* deliver : {"ff", "patch:/a/b.patch"}) {
    DeliveryBench bench(deliver);
    bench.state.Find(bench.id)->request.approve = "merge";
    const bool moves = bench.mission().request.deliver == "ff";
    bench.Integrate("b1", "tip", "tip-tree");
    bench.Decide(moves ? kBranch : PatchRef(bench.id), moves ? "b1" : "", "tip", "tip-tree");
    CHECK_EQ(bench.mission().outcome, Outcome::kNeedsApproval);
    CHECK(bench.mission().branch.empty());
  }
}

TEST_CASE("APlanIsRunWhenItIsAskedForAndOnlyOnce") {
  DeliveryBench bench("branch");
  MissionState& mission = *bench.state.Find(bench.id);
  const Proposal planned = {.kind = ProposalKind::kVerdict, .outcome = Outcome::kPlanned};
  CHECK_EQ(bench.Refusal(planned), "no plan was asked for, or there is none");
  mission.request.plan_only = true;
  CHECK_EQ(bench.Refusal(planned), "no plan was asked for, or there is none");
  CHECK_GT(mission.plan_index, 0);
  mission.plan_version = 2;  // the planner's
  CHECK_EQ(bench.Refusal(planned), "");
  CHECK_EQ(mission.status, MissionStatus::kCompleted);
  bench.Post(bench.id, ResumeRequested{.principal = "uid:0"});
  CHECK_EQ(mission.status, MissionStatus::kCompleted);  // a plan is not what is resumed
  bench.Post(bench.id, PlanRunRequested{.principal = "uid:0"});
  CHECK_EQ(mission.status, MissionStatus::kActive);
  CHECK(mission.plan_released);
  CHECK_EQ(bench.Refusal(planned), "no plan was asked for, or there is none");
  bench.Post(bench.id, StopRequested{.principal = "uid:0"});
  bench.Post(bench.id, PlanRunRequested{.principal = "uid:0"});
  CHECK_EQ(mission.status, MissionStatus::kStopped);
}

TEST_CASE("AMergeIsAllowedOnlyOnEvidenceOfItsVeryTree") {
  DeliveryBench bench("branch");
  MergeTested good{.branch = "main", .onto = "moved", .tree = "merged", .evidence = {}};
  good.evidence = {.kind = "tests",
                   .tree = "merged",
                   .expected_digest = "digest",
                   .expected = 2,
                   .passed = 2,
                   .changed_hunks = 1,
                   .changed_hunks_executed = 1,
                   .normal_end = true,
                   .tests_unchanged = true};
  const auto allowed = [&](const MergeTested& tested) {
    const size_t before = bench.mission().allowed_merges.size();
    bench.Post(bench.id, tested);
    return bench.mission().allowed_merges.size() > before;
  };
  CHECK_FALSE(allowed(good));  // the mission has not ended
  MissionState& mission = *bench.state.Find(bench.id);
  mission.status = MissionStatus::kCompleted;
  mission.outcome = Outcome::kNotVerified;
  CHECK_FALSE(allowed(good));
  mission.outcome = Outcome::kVerified;
  CHECK(allowed(good));
  CHECK_EQ(mission.allowed_merges.back().tree, "merged");
  CHECK_EQ(mission.allowed_merges.back().onto, "moved");
  const auto with = [&](auto change) {
    MergeTested tested = good;
    change(tested);
    return allowed(tested);
  };
  CHECK_FALSE(with([](MergeTested& t) { t.tree = "another"; }));
  CHECK_FALSE(with([](MergeTested& t) { t.fault = "tests that came with it fail: t"; }));
  CHECK_FALSE(with([](MergeTested& t) { t.evidence.passed = 1; }));
  CHECK_FALSE(with([](MergeTested& t) { t.evidence.expected_digest = "of fewer tests"; }));
  CHECK_FALSE(with([](MergeTested& t) { t.evidence.review = "blob"; }));
  mission.approvals.push_back({.subject = "merge", .status = ApprovalStatus::kApproved});
  CHECK(with([](MergeTested& t) { t.evidence.review = "blob"; }));
  for (size_t i = 0; i < 2 * kAllowedMergesMax; ++i) bench.Post(bench.id, good);
  CHECK_EQ(mission.allowed_merges.size(), kAllowedMergesMax);
}

}  // namespace coditect
