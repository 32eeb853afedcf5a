// The emergency stop of a host, with an agent held in each state of its lifecycle.
#include "src/agent/host.h"

#include <doctest/doctest.h>

#include <atomic>
#include <memory>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "src/adapters/memory/object_store.h"
#include "src/agent/lifecycle.h"
#include "src/domain/fault_report.h"
#include "src/domain/plan.h"

namespace coditect {
namespace {

constexpr std::chrono::seconds kPatience{20};
constexpr std::chrono::seconds kStopMax{1};  // the product's figure is 100 ms on a quiet machine

/// A condition that threads wait for.
class Flag {
 public:
  void Set() {
    MutexLock lock(mutex_);
    set_ = true;
    changed_.NotifyAll();
  }
  bool Wait() {
    const auto end = std::chrono::steady_clock::now() + kPatience;
    MutexLock lock(mutex_);
    while (!set_ && std::chrono::steady_clock::now() < end) changed_.WaitUntil(mutex_, end);
    return set_;
  }

 private:
  Mutex mutex_;
  CondVar changed_;
  bool set_ ABSL_GUARDED_BY(mutex_) = false;
};

/// What a call comes to that ends only with its lease.
Status NeverReturns(const Context& ctx) {
  Flag cancelled;
  const auto registration = ctx.cancel.OnCancel([&] { cancelled.Set(); });
  return cancelled.Wait() ? Cancelled("the lease is over") : Internal("nobody ended the lease");
}

/// Notes every transition, and holds the agent at the one into `held`.
class HoldingBus final : public EventBus {
 public:
  explicit HoldingBus(std::string held) : held_(std::move(held)) {}

  void Publish(BusEvent event) override {
    if (event.event_type != "LIFECYCLE") return;
    {
      MutexLock lock(mutex_);
      moves_.push_back(event.details["to"]);
    }
    if (event.details["to"] == "IDLE") idle.Set();
    if (event.details["to"] != held_) return;
    reached.Set();
    (void)go_on.Wait();
  }
  Status Flush(const Context&) override { return absl::OkStatus(); }
  StatusOr<uint64_t> Forget(const Context&, const std::vector<MissionId>&) override {
    return uint64_t{0};
  }
  StatusOr<std::vector<BusEvent>> Read(const Context&, const MissionId&) override {
    return std::vector<BusEvent>();
  }
  std::vector<std::string> moves() {
    MutexLock lock(mutex_);
    return moves_;
  }

  Flag reached, go_on, idle;

 private:
  const std::string held_;
  Mutex mutex_;
  std::vector<std::string> moves_ ABSL_GUARDED_BY(mutex_);
};

class NoHarness final : public TestHarness {
 public:
  StatusOr<HarnessPlan> Detect(const Context&, Workspace&, const DetectRequest&) override {
    return NotFound("no tests");
  }
  StatusOr<TestReport> Run(const Context&, Workspace&, const TestRunRequest&) override {
    return NotFound("no tests");
  }
  StatusOr<std::unique_ptr<CandidateFilter>> OpenFilter(const Context&, Workspace&,
                                                        const FilterRequest&) override {
    return NotFound("no tests");
  }
  std::vector<std::pair<std::string, std::string>> SupportFiles() const override { return {}; }
};

class HaltableSandbox final : public Sandbox {
 public:
  StatusOr<std::unique_ptr<Workspace>> OpenWorkspace(const Context&,
                                                     const WorkspaceOptions&) override {
    return FailedPrecondition("no workspace here");
  }
  const SandboxProfile& profile() const override { return profile_; }
  void EmergencyStop() override { halted = true; }
  void Resume() override { halted = false; }
  Status Sweep(const Context&) override { return absl::OkStatus(); }

  std::atomic<bool> halted{false};

 private:
  const SandboxProfile profile_;
};

class EmptyPlans final : public OrchestratorService {
 public:
  std::vector<MissionProposal> Decide(const MissionState&) const override { return {}; }
  StatusOr<PlanDocument> Plan(const PlanningContext&) const override { return PlanDocument{}; }
};

/// The way into a ledger: stuck from some call on, or refusing the first ones.
class StuckQueue final : public TaskQueueService {
 public:
  Status Record(const Context&, const MissionId&, EventBody) override {
    return Unimplemented("not here");
  }
  StatusOr<MissionId> RequestMission(const Context& ctx, const MissionRequest&,
                                     const std::string&) override {
    return NeverReturns(ctx);
  }
  Status Control(const Context& ctx, const MissionId&, MissionControl,
                 const std::string&) override {
    return NeverReturns(ctx);
  }
  Status AnswerApproval(const Context& ctx, const MissionId&, const ApprovalAnswered&) override {
    return NeverReturns(ctx);
  }
  Status Propose(const Context& ctx, const MissionId&, const std::vector<TaskPlanned>&,
                 const Proposal&) override {
    return NeverReturns(ctx);
  }
  Status LeaseStarted(const Context& ctx, const MissionId&,
                      const coditect::LeaseStarted&) override {
    ++starts;
    if (starts_stuck) return NeverReturns(ctx);
    if (starts <= starts_refused) return ResourceExhausted("the disk is full");
    return absl::OkStatus();
  }
  StatusOr<TaskAck> ReportResult(const Context& ctx, const MissionId&, const TaskResult& result,
                                 const std::vector<TaskPlanned>&) override {
    ++reports;
    if (reports_stuck) return NeverReturns(ctx);
    outcome = result.outcome;
    return TaskAck{.accepted = true};
  }

  bool starts_stuck = false;
  bool reports_stuck = true;
  int starts_refused = 0;
  std::atomic<int> starts{0};
  std::atomic<int> reports{0};
  std::atomic<ResultOutcome> outcome{ResultOutcome::kUnspecified};
};

/// A host that is told to run one lease.
class Stage {
 public:
  Stage(const std::string& action, const std::string& held)
      : bus(held), host_({.host_id = "h", .slots = 1}, services_, queue) {
    wanted_.mission_id = "r-1";
    wanted_.task_id = {1};
    wanted_.epoch = {1, 1};
    wanted_.agent_id = "analyzer-1";
    wanted_.request = std::make_shared<MissionRequest>();  // shared as the port asks
    wanted_.action = {.name = action, .parameters = {{"plan_version", "1"}}};
    wanted_.action.parameters["baseline"] = blobs_.Put({}, wire::Encode(Baseline{})).value();
    wanted_.action.parameters["faults"] = blobs_.Put({}, wire::Encode(FaultReport{})).value();
  }
  ~Stage() {
    bus.go_on.Set();
    host_.Stop();
  }

  void Want(uint64_t sequence) {
    WantedSet set{.sequence = sequence, .leases = {std::make_shared<WantedLease>(wanted_)}};
    host_.SetWanted(std::make_shared<WantedSet>(std::move(set)));
  }

  AgentHost& host() { return host_; }

  HoldingBus bus;
  StuckQueue queue;
  HaltableSandbox sandbox;
  Flag opened;  // the work of `observe` has begun; it never ends

 private:
  SystemClock clock_;
  NoHarness harness_;
  EmptyPlans plans_;
  memory::MemoryObjectStore blobs_;
  WantedLease wanted_;
  const HostServices services_{
      .sandbox = sandbox,
      .harness = harness_,
      .blobs = blobs_,
      .bus = bus,
      .orchestrator = plans_,
      .clock = clock_,
      .work_folder = "",
      .open_repository = [this](const Context& ctx,
                                const MissionRequest&) -> StatusOr<std::unique_ptr<Repository>> {
        opened.Set();
        return NeverReturns(ctx);
      },
      .open_delivery = nullptr};
  AgentHost host_;
};

struct Row {
  AgentState state;
  std::string action;
  std::vector<std::string> moves;  // of the agent, to its end
};

const std::vector<Row> kRows = {
    {AgentState::kReceiveTask, "observe", {"RECEIVE_TASK", "STOPPED", "IDLE"}},
    {AgentState::kPlan, "observe", {"RECEIVE_TASK", "PLAN", "STOPPED", "IDLE"}},
    {AgentState::kExecute, "observe", {"RECEIVE_TASK", "PLAN", "EXECUTE", "STOPPED", "IDLE"}},
    {AgentState::kReport, "plan", {"RECEIVE_TASK", "PLAN", "EXECUTE", "REPORT", "STOPPED", "IDLE"}},
    {AgentState::kError,
     "no such action",
     {"RECEIVE_TASK", "PLAN", "EXECUTE", "ERROR", "STOPPED", "IDLE"}},
};

void StopAtOnce(Stage& stage) {
  const auto begun = std::chrono::steady_clock::now();
  stage.host().EmergencyStop();
  CHECK(std::chrono::steady_clock::now() - begun < kStopMax);
  CHECK(stage.sandbox.halted);
}

TEST_CASE("AnEmergencyStopWaitsForNobodyWhateverStateTheAgentIsIn") {
  for (const Row& row : kRows) {
    CAPTURE(AgentStateName(row.state));
    Stage stage(row.action, std::string(AgentStateName(row.state)));
    stage.queue.starts_stuck = row.state == AgentState::kReceiveTask;
    stage.Want(1);
    REQUIRE(stage.bus.reached.Wait());
    StopAtOnce(stage);
    StopAtOnce(stage);  // in STOPPED too
    stage.bus.go_on.Set();
    REQUIRE(stage.bus.idle.Wait());
    CHECK_EQ(stage.bus.moves(), row.moves);
    CHECK_EQ(stage.queue.reports, 0);
    stage.Want(2);  // a set from before the stop is known to be recorded starts nothing
    stage.host().Stop();
    CHECK_EQ(stage.bus.moves(), row.moves);
  }
}

TEST_CASE("AnEmergencyStopEndsWhatWaitsForALedgerThatNeverAnswers") {
  for (const std::string action : {"observe", "plan", "no such action"}) {
    for (const bool starts_stuck : {true, false}) {
      CAPTURE(action);
      Stage stage(action, "");
      stage.queue.starts_stuck = starts_stuck;
      stage.Want(1);
      const auto waits = [&] {
        return starts_stuck ? stage.queue.starts > 0 : stage.queue.reports > 0;
      };
      const auto end = std::chrono::steady_clock::now() + kPatience;
      if (action == "observe" && !starts_stuck) {
        REQUIRE(stage.opened.Wait());
      } else {
        while (!waits() && std::chrono::steady_clock::now() < end) std::this_thread::yield();
        REQUIRE(waits());
      }
      StopAtOnce(stage);
      REQUIRE(stage.bus.idle.Wait());
      CHECK_EQ(stage.queue.outcome.load(), ResultOutcome::kUnspecified);
    }
  }
}

TEST_CASE("AnIdleHostStartsNothingUntilTheStopIsRecorded") {
  Stage stage("observe", "RECEIVE_TASK");
  StopAtOnce(stage);
  stage.Want(1);
  stage.host().ClearEmergency();
  CHECK_FALSE(stage.sandbox.halted);
  CHECK(stage.bus.reached.Wait());
}

TEST_CASE("ALedgerThatCannotBeWrittenForAWhileIsNoFailedAttempt") {
  Stage stage("plan", "");
  stage.queue.starts_refused = 2;
  stage.queue.reports_stuck = false;
  stage.Want(1);
  REQUIRE(stage.bus.idle.Wait());
  CHECK_EQ(stage.queue.starts, 3);
  CHECK_EQ(stage.queue.outcome.load(), ResultOutcome::kSuccess);
  CHECK_EQ(stage.bus.moves(),
           std::vector<std::string>{"RECEIVE_TASK", "PLAN", "EXECUTE", "REPORT", "IDLE"});
}

}  // namespace
}  // namespace coditect
