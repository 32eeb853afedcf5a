// The shard's loop over a ledger in memory: answers without a waiting thread, wanted sets.
#include "src/task_queue/task_queue.h"

#include <doctest/doctest.h>

#include <future>

#include "src/adapters/memory/event_log.h"
#include "src/domain/plan.h"

namespace coditect {
namespace {

/// Proposes nothing: the tests do.
class SilentOrchestrator final : public OrchestratorService {
 public:
  std::vector<MissionProposal> Decide(const MissionState&) const override { return {}; }
  StatusOr<PlanDocument> Plan(const PlanningContext&) const override { return PlanDocument{}; }
};

/// Remembers every set it was told.
class RecordingHost final : public AgentService {
 public:
  void SetWanted(std::shared_ptr<const WantedSet> wanted) override {
    MutexLock lock(mutex_);
    sets_.push_back(std::move(wanted));
  }
  void ForgetMission(const MissionId&) override {}
  void EmergencyStop() override {}
  void ClearEmergency() override {
    MutexLock lock(mutex_);
    wanted_when_cleared_ = sets_.back();
  }

  std::shared_ptr<const WantedSet> wanted_when_cleared() {
    MutexLock lock(mutex_);
    return wanted_when_cleared_;
  }
  std::shared_ptr<const WantedSet> last() {
    MutexLock lock(mutex_);
    return sets_.back();
  }

 private:
  Mutex mutex_;
  std::vector<std::shared_ptr<const WantedSet>> sets_ ABSL_GUARDED_BY(mutex_);
  std::shared_ptr<const WantedSet> wanted_when_cleared_ ABSL_GUARDED_BY(mutex_);  // as in sets_
};

/// A mission with two tasks, both leased to the host.
class Shard {
 public:
  Shard()
      : queue_(
            {.build_id = "test", .owner_id = "test"},
            [] { return std::make_unique<memory::MemoryEventLog>(); }, orchestrator_, clock_) {
    REQUIRE(queue_.Open({}).ok());
    REQUIRE(queue_
                .JoinHost({},
                          {.host_id = std::string(32, 'a'), .slots = 4, .roles = {Role::kAnalyzer}},
                          host)
                .ok());
    MissionRequest request;
    request.request_id = std::string(32, 'b');
    request.goal = "make the tests pass";
    const auto id = queue_.RequestMission({}, request, "client");
    REQUIRE(id.ok());
    mission = *id;
    std::vector<TaskSpec> specs;
    for (uint32_t i = 1; i <= 2; ++i) {
      TaskSpec task;
      task.task_id = {i};
      task.role = Role::kAnalyzer;
      task.intent = "observe";
      specs.push_back(task);
    }
    Proposal plan{.kind = ProposalKind::kPlan, .plan_version = 1};
    plan.task_count = 2;
    plan.digest = PlanDigest(specs);
    REQUIRE(queue_.Propose({}, mission, {{1, specs[0]}, {1, specs[1]}}, plan).ok());
    Proposal team{.kind = ProposalKind::kTeam, .plan_version = 1};
    team.team = {{Role::kAnalyzer, 2}};
    REQUIRE(queue_.Propose({}, mission, {}, team).ok());
  }

  /// The set the host has when everything posted so far is published.
  std::shared_ptr<const WantedSet> Wanted() {
    REQUIRE(queue_.Control({}, mission, MissionControl::kAttach, "client").ok());
    return host.last();
  }

  Status EmergencyStop() {
    return queue_.Control({}, mission, MissionControl::kEmergencyStop, "uid:1");
  }

  TaskAck PostResult(const WantedLease& lease) {
    TaskResult result;
    result.task_id = lease.task_id;
    result.epoch = lease.epoch;
    result.agent_id = lease.agent_id;
    result.outcome = ResultOutcome::kSuccess;
    std::promise<StatusOr<TaskAck>> answer;
    REQUIRE(queue_
                .PostResult(mission, result, {},
                            [&](StatusOr<TaskAck> ack) { answer.set_value(std::move(ack)); })
                .ok());
    auto ack = answer.get_future().get();
    REQUIRE(ack.ok());
    return *ack;
  }

  MissionId mission;
  RecordingHost host;

 private:
  const SystemClock clock_;
  const SilentOrchestrator orchestrator_;
  TaskQueue queue_;
};

}  // namespace

TEST_CASE("PostedResultIsAnsweredOnceAndThenLate") {
  Shard shard;
  const auto wanted = shard.Wanted();
  REQUIRE_EQ(wanted->leases.size(), 2);
  CHECK(shard.PostResult(*wanted->leases[0]).accepted);
  const TaskAck late = shard.PostResult(*wanted->leases[0]);
  CHECK_FALSE(late.accepted);
  CHECK_EQ(late.reason, "the lease was over");
}

TEST_CASE("WantedLeaseThatDidNotChangeIsSharedWithTheSetBefore") {
  Shard shard;
  const auto before = shard.Wanted();
  REQUIRE_EQ(before->leases.size(), 2);
  CHECK(shard.PostResult(*before->leases[0]).accepted);
  const auto after = shard.Wanted();
  REQUIRE_EQ(after->leases.size(), 1);
  CHECK_EQ(after->leases[0], before->leases[1]);
  CHECK_GT(after->sequence, before->sequence);
}

TEST_CASE("AnEmergencyIsOverWhenTheHostKnowsWhatIsStillWanted") {
  Shard shard;
  REQUIRE_EQ(shard.Wanted()->leases.size(), 2);
  REQUIRE(shard.EmergencyStop().ok());
  (void)shard.Wanted();  // the block of the stop is published by then
  REQUIRE(shard.host.wanted_when_cleared() != nullptr);
  CHECK(shard.host.wanted_when_cleared()->leases.empty());
}

}  // namespace coditect
