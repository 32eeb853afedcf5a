// Rules of Step, one mission at a time.
#include "src/task_queue/step.h"

#include <doctest/doctest.h>

#include "src/domain/evidence.h"
#include "src/domain/plan.h"

namespace coditect {
namespace {

constexpr const char* kHost = "aaaaaaaabbbbbbbbccccccccdddddddd";

/// A shard with one host and one mission, driven by hand.
class Bench {
 public:
  explicit Bench(uint32_t max_retries = 3, uint32_t slots = 8) {
    Post("", ShardOpened{.incarnation = 1, .build_id = "test"});
    Post("", HostJoined{.host_id = kHost,
                        .slots = slots,
                        .roles = {Role::kAnalyzer, Role::kCoder, Role::kTester, Role::kPlanner,
                                  Role::kIntegrator}});
    MissionRequest request;
    request.request_id = "7f3a9c000000";
    request.goal = "make the tests pass";
    request.check_consistency = true;
    request.repository.base_commit = "base";
    request.repository.base_tree = "base-tree";
    request.limits = {.max_retries = max_retries, .tests_max = 1000, .suite_timeout_ms = 1};
    Post("", MissionRequested{.request = request});
    Post(id, ClientAttached{.client_id = "c1"});
  }

  std::vector<Event> Post(const MissionId& mission_id, EventBody body) {
    std::vector<Event> events;
    Step(state, {.mission_id = mission_id, .body = std::move(body), .wall_ms = 1}, events);
    all.insert(all.end(), events.begin(), events.end());
    CHECK_EQ(state.wanted, RecomputeWanted(state));
    return events;
  }

  /// Accepts a plan of one rival group {1, 2}, verify 3, merge 4, deliver 5.
  void AcceptRepairPlan() {
    std::vector<TaskSpec> tasks;
    const auto add = [&](Role role, const char* intent) -> TaskSpec& {
      TaskSpec& task = tasks.emplace_back();
      task.task_id = {static_cast<uint32_t>(tasks.size())};
      task.role = role;
      task.intent = intent;
      task.parameters["expected_digest"] = "digest";
      return task;
    };
    const auto depend = [](TaskSpec& task, uint32_t on, DependencyMode mode) {
      task.dependencies.push_back({on});
      task.dependency_modes.push_back(mode);
    };
    for (uint32_t rank = 0; rank < 2; ++rank) {
      TaskSpec& repair = add(Role::kCoder, "repair");
      repair.group = 1;
      repair.rank = rank;
      repair.tests_max = 100;
      repair.expectations = {{"evidence", "passes"}};
    }
    TaskSpec& verify = add(Role::kTester, "verify");
    depend(verify, 1, DependencyMode::kWinner);
    depend(verify, 2, DependencyMode::kWinner);
    verify.expectations = {{"tree", "$claim"}, {"evidence", "passes"}};
    depend(add(Role::kIntegrator, "merge"), 3, DependencyMode::kSuccess);
    depend(add(Role::kIntegrator, "deliver"), 4, DependencyMode::kSuccess);
    for (const TaskSpec& task : tasks) Post(id, TaskPlanned{.plan_version = 1, .task = task});
    Propose({.kind = ProposalKind::kPlan,
             .plan_version = 1,
             .task_count = 5,
             .digest = PlanDigest(tasks)});
    // What observing and localizing would have found.
    MissionState& m = *state.Find(id);
    m.baseline = BaselineSummary{.baseline = "blob", .expected_digest = "digest", .failing = 1};
    TaskState observed;
    observed.spec.task_id = {6};
    observed.spec.intent = "localize";
    observed.plan_version = 1;
    observed.status = TaskStatus::kDone;
    observed.result.outputs["faults"] = "blob";
    m.tasks.push_back(observed);
    observed.spec.task_id = {7};
    observed.spec.intent = "observe";
    observed.result.outputs["coverage"] = "blob";
    m.tasks.push_back(observed);
    Propose({.kind = ProposalKind::kTeam,
             .plan_version = 1,
             .team = {{Role::kCoder, 5}, {Role::kTester, 10}, {Role::kIntegrator, 1}}});
  }

  std::vector<Event> Propose(Proposal proposal) {
    return Post(id, ProposalSubmitted{.proposal = std::move(proposal)});
  }

  TaskResult ResultOf(uint32_t ordinal, const TreeId& tree, bool good = true) {
    const TaskState& task = *mission().Find(TaskId{ordinal});
    REQUIRE(task.lease.has_value());
    TaskResult result;
    result.task_id = {ordinal};
    result.epoch = task.lease->epoch;
    result.agent_id = task.lease->agent_id;
    result.outcome = ResultOutcome::kSuccess;
    result.tree = tree;
    result.commit = "commit-of-" + tree;
    result.usage.tests = 40;
    result.evidence = Evidence{.kind = "tests",
                               .tree = tree,
                               .expected_digest = "digest",
                               .expected = 2,
                               .passed = good ? 2U : 1U,
                               .failed = good ? 0U : 1U,
                               .changed_hunks = 1,
                               .changed_hunks_executed = 1,
                               .normal_end = true,
                               .tests_unchanged = true};
    return result;
  }

  /// Repairs, verifies and merges `tree`; what remains is the branch.
  void ReachTheBranch(const TreeId& tree, const BlobId& review = "") {
    AcceptRepairPlan();
    for (const uint32_t task : {1U, 3U, 4U}) {
      if (task == 4) {
        Propose({.kind = ProposalKind::kBatch, .plan_version = 1, .claims = {{3}}});
      }
      TaskResult result = ResultOf(task, tree);
      result.evidence->review = review;
      if (!review.empty()) result.evidence->review_reason = "test_x.py was changed";
      Report(result);
    }
    Propose({.kind = ProposalKind::kMerge,
             .plan_version = 1,
             .ref = TipRef(id),
             .new_commit = "commit-of-" + tree,
             .tree = tree,
             .task_id = {4}});
  }

  std::vector<Event> ProposeBranch(const TreeId& tree) {
    return Propose({.kind = ProposalKind::kMerge,
                    .plan_version = 1,
                    .ref = BranchRef(id),
                    .new_commit = "commit-of-" + tree,
                    .tree = tree});
  }

  std::vector<Event> AnswerApproval(bool approved, const std::string& digest = "") {
    const ApprovalState& asked = mission().approvals.back();
    return Post(id, ApprovalAnswered{.approval_id = asked.approval_id,
                                     .digest = digest.empty() ? asked.digest : digest,
                                     .approved = approved,
                                     .principal = "uid:7",
                                     .note = "because"});
  }

  std::vector<Event> Report(const TaskResult& result) {
    return Post(id, ResultReported{.result = result});
  }

  TaskStatus StatusOf(uint32_t ordinal) { return mission().Find(TaskId{ordinal})->status; }
  const MissionState& mission() { return *state.Find(id); }

  ShardState state;
  std::vector<Event> all;
  const MissionId id = "r-7f3a";
};

template <typename Body>
const Body* Find(const std::vector<Event>& events) {
  for (const Event& event : events) {
    if (const auto* body = std::get_if<Body>(&event.body)) return body;
  }
  return nullptr;
}

}  // namespace

TEST_CASE("TheSameRequestAskedTwiceIsOneMission") {
  Bench bench;
  // As a client does whose first owner died: the answer may have been lost with it.
  bench.Post("", MissionRequested{.request = bench.mission().request});
  CHECK_EQ(bench.state.missions.size(), 1);
  CHECK_EQ(bench.mission().id, "r-7f3a");
  CHECK(bench.state.requested.empty());
}

TEST_CASE("ACollidingMissionIdGetsMoreDigits") {
  Bench bench;
  MissionRequest request;
  request.request_id = "7f3aff000000";
  bench.Post("", MissionRequested{.request = request});
  CHECK(bench.state.missions.contains("r-7f3af"));
}

TEST_CASE("ThePlanRunsToABranchOnlyOnEvidence") {
  Bench bench;
  bench.AcceptRepairPlan();
  CHECK_EQ(bench.StatusOf(1), TaskStatus::kLeased);
  CHECK_EQ(bench.StatusOf(2), TaskStatus::kLeased);
  CHECK_EQ(bench.StatusOf(3), TaskStatus::kPending);
  const auto events = bench.Report(bench.ResultOf(1, "tree"));
  CHECK(Find<BudgetSettled>(events) != nullptr);
  CHECK_EQ(Find<BudgetSettled>(events)->tests_used, 40);
  CHECK_EQ(bench.StatusOf(1), TaskStatus::kDone);
  CHECK_EQ(bench.StatusOf(2), TaskStatus::kCancelled);  // its rival won
  CHECK_EQ(bench.StatusOf(3), TaskStatus::kLeased);
  CHECK_EQ(bench.mission().Find(TaskId{3})->lease->action.parameters.at("commit"),
           "commit-of-tree");
  bench.Report(bench.ResultOf(3, "tree"));
  CHECK_EQ(bench.StatusOf(4), TaskStatus::kReady);  // waits for the decided batch
  bench.Propose({.kind = ProposalKind::kBatch, .plan_version = 1, .claims = {{3}}});
  CHECK_EQ(bench.StatusOf(4), TaskStatus::kLeased);
  CHECK_EQ(bench.mission().Find(TaskId{4})->lease->action.parameters.at("verified_trees"), "tree");
  bench.Report(bench.ResultOf(4, "tree"));
  CHECK_EQ(bench.StatusOf(4), TaskStatus::kPending);  // until the ledger has decided
  bench.Propose({.kind = ProposalKind::kMerge,
                 .plan_version = 1,
                 .ref = TipRef(bench.id),
                 .new_commit = "commit-of-tree",
                 .tree = "tree",
                 .task_id = {4}});
  CHECK_EQ(bench.mission().tip, "commit-of-tree");
  CHECK_EQ(bench.StatusOf(4), TaskStatus::kDone);
  CHECK_EQ(bench.StatusOf(5), TaskStatus::kReady);  // waits for the decided branch
  bench.Propose({.kind = ProposalKind::kMerge,
                 .plan_version = 1,
                 .ref = BranchRef(bench.id),
                 .new_commit = "commit-of-tree",
                 .tree = "tree"});
  CHECK_EQ(bench.StatusOf(5), TaskStatus::kLeased);
  CHECK(Find<ProposalRefused>(bench.Propose(
            {.kind = ProposalKind::kVerdict, .outcome = Outcome::kVerified})) != nullptr);
  bench.Report(bench.ResultOf(5, "tree"));
  bench.Propose({.kind = ProposalKind::kVerdict, .outcome = Outcome::kVerified});
  CHECK_EQ(bench.mission().status, MissionStatus::kCompleted);
  CHECK_EQ(bench.mission().outcome, Outcome::kVerified);
}

TEST_CASE("AMissionWhoseClientDiedBeforeItCouldAttachIsInterruptedByTheNextOwner") {
  ShardState state;
  const auto post = [&state](EventBody body) {
    std::vector<Event> events;
    Step(state, {.mission_id = "", .body = std::move(body), .wall_ms = 1}, events);
    CHECK_EQ(state.wanted, RecomputeWanted(state));
  };
  post(ShardOpened{.incarnation = 1, .build_id = "test"});
  MissionRequest request;
  request.request_id = "7f3a9c000000";
  request.repository.base_commit = "base";
  post(MissionRequested{.request = request});
  REQUIRE_EQ(state.running.size(), 1);
  const MissionId id = *state.running.begin();
  post(ShardOpened{.incarnation = 2, .build_id = "test"});
  CHECK_EQ(state.Find(id)->status, MissionStatus::kInterrupted);
  CHECK(state.running.empty());
}

TEST_CASE("AWinnerWaitsForLowerRanks") {
  Bench bench;
  bench.AcceptRepairPlan();
  bench.Report(bench.ResultOf(2, "second"));
  CHECK_EQ(bench.StatusOf(3), TaskStatus::kPending);  // rank 0 may still win
  TaskResult exhausted = bench.ResultOf(1, "");
  exhausted.outcome = ResultOutcome::kExhausted;
  bench.Report(exhausted);
  CHECK_EQ(bench.StatusOf(1), TaskStatus::kFailed);
  CHECK_EQ(bench.StatusOf(3), TaskStatus::kLeased);
  CHECK_EQ(bench.mission().Find(TaskId{3})->lease->action.parameters.at("tree"), "second");
}

TEST_CASE("ASecondHypothesisWaitsWhileHalfOfTheSlotsAreTaken") {
  Bench bench(3, 2);
  bench.AcceptRepairPlan();
  CHECK_EQ(bench.StatusOf(1), TaskStatus::kLeased);
  CHECK_EQ(bench.StatusOf(2), TaskStatus::kReady);
  TaskResult exhausted = bench.ResultOf(1, "");
  exhausted.outcome = ResultOutcome::kExhausted;
  bench.Report(exhausted);
  CHECK_EQ(bench.StatusOf(2), TaskStatus::kLeased);
}

TEST_CASE("ATesterThatAlwaysSaysYesIsRefusedByTheGate") {
  Bench bench;
  bench.AcceptRepairPlan();
  bench.Report(bench.ResultOf(1, "tree"));
  TaskResult yes = bench.ResultOf(3, "tree", /*good=*/false);
  const auto events = bench.Report(yes);
  CHECK(Find<ResultRefused>(events) != nullptr);
  const auto* violation = Find<ViolationFound>(events);
  REQUIRE(violation != nullptr);
  CHECK_EQ(violation->violation_type, "TEST_EXPECTATION");
  CHECK_EQ(violation->expected, "evidence: passes");
  CHECK_EQ(violation->actual, "evidence: 1 expected test failed");
  // Without the check the merge gate still wants a verdict of the very tree.
  const std::string fault = ProposalFault(bench.mission(), {.kind = ProposalKind::kMerge,
                                                            .plan_version = 1,
                                                            .ref = TipRef(bench.id),
                                                            .new_commit = "commit-of-tree",
                                                            .tree = "tree",
                                                            .task_id = {4}});
  CHECK_EQ(fault, "t-4 has no batch that passed");
}

TEST_CASE("AMergeWithoutAnIndependentVerdictOfItsTreeIsRefused") {
  Bench bench;
  bench.AcceptRepairPlan();
  bench.Report(bench.ResultOf(1, "tree"));
  bench.Report(bench.ResultOf(3, "tree"));
  bench.Propose({.kind = ProposalKind::kBatch, .plan_version = 1, .claims = {{3}}});
  TaskResult merged = bench.ResultOf(4, "another-tree");
  merged.evidence.reset();
  bench.Report(merged);
  CHECK_EQ(bench.StatusOf(4), TaskStatus::kPending);
  const auto events = bench.Propose({.kind = ProposalKind::kMerge,
                                     .plan_version = 1,
                                     .ref = TipRef(bench.id),
                                     .new_commit = "commit-of-another-tree",
                                     .tree = "another-tree",
                                     .task_id = {4}});
  const auto* refused = Find<ProposalRefused>(events);
  REQUIRE(refused != nullptr);
  CHECK(refused->reason.find("nobody but its coder") != std::string::npos);
}

TEST_CASE("AHostWhoseMachineryFailedIsPreferredLessUntilItWorksAgain") {
  Bench bench(/*max_retries=*/9);
  const HostId other = "bbbbbbbbccccccccddddddddeeeeeeee";
  bench.AcceptRepairPlan();
  bench.Post("", HostJoined{.host_id = other, .slots = 8, .roles = {Role::kCoder}});
  const auto host_of = [&](uint32_t ordinal) {
    return bench.mission().Find(TaskId{ordinal})->lease->host_id;
  };
  CHECK_EQ(host_of(1), kHost);
  TaskResult failed = bench.ResultOf(1, "tree");
  failed.outcome = ResultOutcome::kError;
  failed.reason = "the sandbox does not start";
  bench.Report(failed);
  CHECK_EQ(host_of(1), other);  // idle and without a failure
  const auto coder = static_cast<size_t>(Role::kCoder);
  CHECK_EQ(bench.state.hosts.at(kHost).strikes[coder], 1);
  bench.Report(bench.ResultOf(2, "tree"));
  CHECK_EQ(bench.state.hosts.at(kHost).strikes[coder], 0);
}

TEST_CASE("WhatAnAttemptUsedIsTheTasksWhateverBecomesOfIt") {
  Bench bench;
  bench.AcceptRepairPlan();
  TaskResult failed = bench.ResultOf(1, "tree");
  failed.outcome = ResultOutcome::kError;
  failed.usage.cpu_ms = 5;
  bench.Report(failed);
  TaskResult good = bench.ResultOf(1, "tree");
  good.usage.cpu_ms = 7;
  bench.Report(good);
  CHECK_EQ(bench.mission().Find(TaskId{1})->spent.cpu_ms, 12);
  CHECK_EQ(bench.mission().usage.cpu_ms, 12);
}

TEST_CASE("OnlyClaimsThatWaitBecomeABatchAndOnlyWhatFailedAloneIsDropped") {
  Bench bench;
  bench.AcceptRepairPlan();
  const auto batch = [&](std::vector<TaskId> claims, CommitId tip = "", bool probe = false) {
    return ProposalFault(bench.mission(), {.kind = ProposalKind::kBatch,
                                           .plan_version = 1,
                                           .old_commit = std::move(tip),
                                           .claims = std::move(claims),
                                           .probe = probe});
  };
  bench.Report(bench.ResultOf(1, "tree"));
  CHECK_EQ(batch({{3}}), "no merge task is ready");
  bench.Report(bench.ResultOf(3, "tree"));
  CHECK_EQ(batch({{3}}), "");
  CHECK_EQ(batch({{1}}), "t-1 does not wait to be merged");
  CHECK_EQ(batch({{3}, {3}}), "the claims are not in the plan's order");
  CHECK_EQ(batch({{3}}, "elsewhere"), "the tip has moved since");
  CHECK_EQ(batch({{1}, {3}}, "", true), "t-1 is not merged");
  CHECK_EQ(ProposalFault(bench.mission(),
                         {.kind = ProposalKind::kBatch, .plan_version = 1, .task_id = {3}}),
           "t-3 was not seen failing alone");
  bench.Propose({.kind = ProposalKind::kBatch, .plan_version = 1, .claims = {{3}}});
  CHECK_EQ(batch({{3}}), "no merge task is ready");
}

TEST_CASE("ARefutedClaimIsRetriedByAnotherHypothesisABoundedNumberOfTimes") {
  Bench bench(/*max_retries=*/1);
  bench.AcceptRepairPlan();
  bench.Report(bench.ResultOf(1, "bad"));
  CHECK_EQ(bench.StatusOf(2), TaskStatus::kCancelled);
  TaskResult refuted = bench.ResultOf(3, "bad");
  refuted.outcome = ResultOutcome::kRefuted;
  refuted.reason = "test_b failed";
  const auto events = bench.Report(refuted);
  CHECK(Find<ViolationFound>(events) != nullptr);
  CHECK_EQ(bench.StatusOf(1), TaskStatus::kLeased);
  CHECK_EQ(bench.StatusOf(2), TaskStatus::kLeased);
  CHECK_EQ(bench.StatusOf(3), TaskStatus::kPending);
  CHECK_EQ(bench.mission().Find(TaskId{1})->lease->action.parameters.at("excluded_trees"), "bad");
  bench.Report(bench.ResultOf(1, "worse"));
  refuted = bench.ResultOf(3, "worse");
  refuted.outcome = ResultOutcome::kRefuted;
  bench.Report(refuted);
  CHECK_EQ(bench.StatusOf(3), TaskStatus::kFailed);
  CHECK_EQ(bench.StatusOf(4), TaskStatus::kCancelled);
  CHECK_EQ(bench.StatusOf(5), TaskStatus::kCancelled);
}

TEST_CASE("AResultOfAnotherAgentOrALateOneHasNoEffect") {
  Bench bench;
  bench.AcceptRepairPlan();
  TaskResult forged = bench.ResultOf(1, "tree");
  forged.agent_id = "coder-9@zzzzzzzz";
  CHECK(Find<ResultRefused>(bench.Report(forged)) != nullptr);
  CHECK_EQ(bench.StatusOf(1), TaskStatus::kLeased);
  const TaskResult result = bench.ResultOf(1, "tree");
  bench.Report(result);
  const auto again = bench.Report(result);
  REQUIRE(Find<ResultLate>(again) != nullptr);
  CHECK_EQ(Find<ResultLate>(again)->commit, "commit-of-tree");
  CHECK_EQ(bench.StatusOf(1), TaskStatus::kDone);
}

TEST_CASE("ALostHostVoidsItsLeasesAndThreeLossesWhileRunningArePoison") {
  Bench bench;
  bench.AcceptRepairPlan();
  for (int i = 0; i < 3; ++i) {
    const TaskState& task = *bench.mission().Find(TaskId{1});
    REQUIRE(task.lease.has_value());
    CHECK_EQ(task.attempts, 0);
    bench.Post(
        bench.id,
        LeaseStarted{.task_id = {1}, .epoch = task.lease->epoch, .agent_id = task.lease->agent_id});
    bench.Post("", HostLeft{.host_id = kHost});
    bench.Post("", HostJoined{.host_id = kHost,
                              .slots = 8,
                              .roles = {Role::kCoder, Role::kTester, Role::kIntegrator}});
  }
  CHECK_EQ(bench.StatusOf(1), TaskStatus::kQuarantined);
  CHECK_EQ(bench.StatusOf(2), TaskStatus::kLeased);  // never started: no poison
}

TEST_CASE("NothingIsWantedOfAStoppedOrOrphanedMissionUntilItIsResumed") {
  Bench bench;
  bench.AcceptRepairPlan();
  CHECK_EQ(bench.state.wanted.at(kHost).size(), 2);
  bench.Post(bench.id, StopRequested{.principal = "uid:0"});
  CHECK(bench.state.wanted.empty());
  CHECK_EQ(bench.mission().outcome, Outcome::kStopped);
  bench.Post(bench.id, ResumeRequested{.principal = "uid:0"});
  CHECK_EQ(bench.state.wanted.at(kHost).size(), 2);
  bench.Post(bench.id, ClientDetached{.client_id = "c1"});
  CHECK(bench.state.wanted.empty());
  CHECK_EQ(bench.mission().status, MissionStatus::kInterrupted);
  bench.Post(bench.id, ClientAttached{.client_id = "c2"});
  CHECK_EQ(bench.mission().status, MissionStatus::kActive);
}

TEST_CASE("ATimeLimitStopsTheMissionAndALeaseLimitCostsAnAttempt") {
  Bench bench(/*max_retries=*/0);
  bench.AcceptRepairPlan();
  const TaskState& task = *bench.mission().Find(TaskId{1});
  bench.Post(bench.id, TimerFired{.timer_id = LeaseTimer({1}, task.lease->epoch)});
  CHECK_EQ(bench.StatusOf(1), TaskStatus::kFailed);
  bench.Post(bench.id, TimerFired{.timer_id = "mission"});
  CHECK_EQ(bench.mission().outcome, Outcome::kLimit);
  CHECK(bench.state.wanted.empty());
}

TEST_CASE("AStaleOrInventedPlanIsRefusedWithTheReason") {
  Bench bench;
  const auto refusal = [&](Proposal proposal) {
    const auto events = bench.Propose(std::move(proposal));
    const auto* refused = Find<ProposalRefused>(events);
    return refused == nullptr ? std::string("accepted") : refused->reason;
  };
  CHECK_EQ(refusal({.kind = ProposalKind::kPlan, .plan_version = 2}),
           "plan version 2 does not follow 0");
  CHECK_EQ(refusal({.kind = ProposalKind::kPlan, .plan_version = 1, .task_count = 1}),
           "0 tasks were planned, 1 announced");
  CHECK_EQ(refusal({.kind = ProposalKind::kTeam, .team = {{Role::kCoder, 6}}}),
           "6 agents of role 'Coder' are not allowed");
  CHECK_EQ(
      refusal({.kind = ProposalKind::kTeam, .preconditions = {{TaskId{4}, TaskStatus::kDone}}}),
      "there is no task t-4");
  CHECK_EQ(refusal({.kind = ProposalKind::kVerdict, .outcome = Outcome::kVerified}),
           "no branch was delivered");
  CHECK_EQ(refusal({.kind = ProposalKind::kVerdict, .outcome = Outcome::kNothingToDo}),
           "the baseline has failing tests");
}

TEST_CASE("WhatAPersonMustSeeIsDeliveredOnlyWithTheirWord") {
  Bench bench;
  bench.ReachTheBranch("tree", "review");
  const auto asked = bench.ProposeBranch("tree");
  REQUIRE(Find<ApprovalRequested>(asked) != nullptr);
  CHECK_EQ(Find<ApprovalRequested>(asked)->subject, "merge");
  CHECK_EQ(Find<ApprovalRequested>(asked)->review, "review");
  CHECK(Find<MergeDecided>(asked) == nullptr);
  CHECK_EQ(bench.mission().status, MissionStatus::kStopped);
  CHECK_EQ(bench.mission().outcome, Outcome::kNeedsApproval);
  // Going on without an answer asks no second time.
  bench.Post(bench.id, ResumeRequested{.principal = "uid:7"});
  CHECK(Find<ApprovalRequested>(bench.ProposeBranch("tree")) == nullptr);
  CHECK_EQ(bench.mission().outcome, Outcome::kNeedsApproval);
  // An answer about something else counts for nothing.
  CHECK(Find<ApprovalSettled>(bench.AnswerApproval(true, "other")) == nullptr);
  CHECK(Find<MissionResumed>(bench.AnswerApproval(true)) != nullptr);
  CHECK(Find<ApprovalSettled>(bench.AnswerApproval(false)) == nullptr);  // answered before
  CHECK(Find<MergeDecided>(bench.ProposeBranch("tree")) != nullptr);
}

TEST_CASE("AnApprovedRunThatNobodyFollowsWaitsToBeResumed") {
  Bench bench;
  bench.ReachTheBranch("tree", "review");
  bench.ProposeBranch("tree");
  bench.Post(bench.id, ClientDetached{.client_id = "c1"});
  CHECK_EQ(bench.mission().outcome, Outcome::kNeedsApproval);
  CHECK(Find<MissionInterrupted>(bench.AnswerApproval(true)) != nullptr);
  CHECK(Find<MissionResumed>(bench.Post(bench.id, ClientAttached{.client_id = "c2"})) != nullptr);
  CHECK(Find<MergeDecided>(bench.ProposeBranch("tree")) != nullptr);
}

TEST_CASE("ARejectionEndsTheRunUnverifiedWithItsReason") {
  Bench bench;
  bench.ReachTheBranch("tree", "review");
  bench.ProposeBranch("tree");
  bench.AnswerApproval(false);
  CHECK_EQ(bench.mission().status, MissionStatus::kCompleted);
  CHECK_EQ(bench.mission().outcome, Outcome::kNotVerified);
  CHECK_EQ(bench.mission().reason, "rejected by uid:7: because");
  CHECK(bench.mission().branch.empty());
}

TEST_CASE("TheModeOfApprovalSaysWhatWaits") {
  for (const char* mode : {"none", "plan", "merge", "all"}) {
    CAPTURE(mode);
    const std::string_view word = mode;
    Bench bench;
    bench.state.Find(bench.id)->request.approve = mode;
    bench.ReachTheBranch("tree");  // the first plan only looks, and waits for nobody
    TaskSpec task;
    task.task_id = {static_cast<uint32_t>(bench.mission().tasks.size() + 1)};
    task.role = Role::kCoder;
    task.intent = "repair";
    bench.Post(bench.id, TaskPlanned{.plan_version = 2, .task = task});
    const auto planned = bench.Propose({.kind = ProposalKind::kPlan,
                                        .plan_version = 2,
                                        .task_count = 1,
                                        .digest = PlanDigest({task})});
    const bool plan_waits = word == "plan" || word == "all";
    CHECK_EQ(Find<ApprovalRequested>(planned) != nullptr, plan_waits);
    CHECK_EQ(Find<PlanAccepted>(planned) != nullptr, !plan_waits);
    if (plan_waits) bench.AnswerApproval(true);
    const auto branch = bench.ProposeBranch("tree");
    const bool merge_waits = word == "merge" || word == "all";
    CHECK_EQ(Find<ApprovalRequested>(branch) != nullptr, merge_waits);
    CHECK_EQ(Find<MergeDecided>(branch) != nullptr, !merge_waits);
  }
}

TEST_CASE("TheBudgetOfTestsIsReservedBeforeAndNeverOverspent") {
  Bench bench;
  bench.AcceptRepairPlan();
  CHECK_EQ(bench.mission().tests_reserved, 200);
  // The coder is told what it may spend.
  CHECK_EQ(bench.mission().Find(TaskId{1})->lease->action.parameters.at("tests_max"), "100");
  TaskResult greedy = bench.ResultOf(1, "tree");
  greedy.usage.tests = 100'000;
  bench.Report(greedy);
  CHECK_EQ(bench.mission().tests_used, 100);
  CHECK_EQ(bench.mission().tests_reserved, 0);
}

TEST_CASE("ReplayFromFactsGivesTheSameDecisionsAndTheSameState") {
  Bench bench;
  std::vector<Event> replayed;
  ShardState state;
  for (const Event& event : bench.all) {
    if (IsFact(event.body)) Step(state, event, replayed);
  }
  REQUIRE_EQ(replayed.size(), bench.all.size());
  CHECK(state == bench.state);
  ShardState folded;
  for (const Event& event : bench.all) REQUIRE(Fold(folded, event).ok());
  CHECK(folded == bench.state);
}

}  // namespace coditect
