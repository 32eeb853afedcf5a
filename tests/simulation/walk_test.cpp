// One seeded random walk over Step, Wanted, Decide and an unreliable ledger, with dying owners and
// hosts, late and repeated messages and a clock that jumps: whatever happens, the invariants hold
// after every step, and once things are healed every followed mission ends.
#include <doctest/doctest.h>

#include <cstdlib>
#include <map>
#include <random>
#include <set>

#include "src/adapters/memory/object_store.h"
#include "src/base/file.h"
#include "src/domain/approval.h"
#include "src/domain/evidence.h"
#include "src/domain/plan.h"
#include "src/orchestrator/orchestrator.h"
#include "src/task_queue/history.h"
#include "src/task_queue/ledger.h"
#include "src/task_queue/snapshot.h"
#include "src/task_queue/step.h"

#include "tests/simulation/checks.h"
#include "tests/simulation/scripted_merge.h"
#include "tests/simulation/unreliable_log.h"

namespace coditect {
namespace {

class Walk {
 public:
  explicit Walk(uint32_t seed) : random_(seed) { Open(); }

  void Run(int steps) {
    for (int i = 0; i < steps; ++i) {
      RandomAction();
      CheckInvariants();
    }
    Heal();
  }

 private:
  uint32_t Dice(uint32_t sides) { return static_cast<uint32_t>(random_() % sides); }
  bool Chance(uint32_t one_in) { return Dice(one_in) == 0; }
  template <typename Container>
  auto& Pick(Container& container) {
    auto it = container.begin();
    std::advance(it, random_() % container.size());
    return *it;
  }

  // ---- the owner -------------------------------------------------------------------------------

  void Open() {
    ledger_ = std::make_unique<Ledger>(
        [this]() -> StatusOr<std::unique_ptr<EventLog>> {
          return std::make_unique<UnreliableLog>(log_, random_, healed_);
        },
        0, "test", &store_);
    for (;;) {
      const auto restored = ledger_->Restore(Context{}, state_);
      REQUIRE_MESSAGE(restored.ok(), Message(restored.status()));
      // A truncation that was cut short is finished by the next owner.
      while (*ledger_->Truncate(Context{}, state_.truncated.before, 1000) > 0) continue;
      std::vector<Event> events;
      const int64_t wall_ms = WallClock();
      const auto step = [&](const MissionId& id, EventBody body) {
        Step(state_, {.mission_id = id, .body = std::move(body), .wall_ms = wall_ms}, events);
      };
      step("", ShardOpened{.incarnation = state_.incarnation + 1, .build_id = "test"});
      std::vector<HostId> gone;
      for (const auto& [id, host] : state_.hosts) gone.push_back(id);
      for (const HostId& id : gone) step("", HostLeft{.host_id = id});
      std::vector<std::pair<MissionId, std::string>> clients;
      for (const auto& [id, mission] : state_.missions) {
        for (const std::string& client : mission.clients) clients.emplace_back(id, client);
      }
      for (const auto& [id, client] : clients) step(id, ClientDetached{.client_id = client});
      if (ledger_->Append(Context{}, state_.incarnation, events).ok()) break;
    }
    proposals_.clear();
  }

  /// A clock somebody sets: an hour forth or back now and then, once before 1970.
  int64_t WallClock() {
    constexpr int64_t kHourMs = 3'600'000;
    wall_ms_ += Dice(100);
    if (Chance(20)) wall_ms_ += (Chance(2) ? 1 : -1) * kHourMs;
    if (Chance(500)) wall_ms_ = -kHourMs;
    return wall_ms_;
  }

  /// Posts facts as one block; on failure the owner reopens, as the product does.
  bool Post(std::vector<std::pair<MissionId, EventBody>> facts) {
    std::vector<Event> events;
    const int64_t wall_ms = WallClock();
    for (auto& [id, body] : facts) {
      if (!id.empty() && state_.Find(id) == nullptr) continue;
      Remember(id, body);
      Step(state_, {.mission_id = id, .body = std::move(body), .wall_ms = wall_ms}, events);
    }
    if (events.empty()) return true;
    if (!ledger_->Append(Context{}, state_.incarnation, events).ok()) {
      Open();
      return false;
    }
    for (const Event& event : events) {
      const MissionState* mission = state_.Find(event.mission_id);
      if (mission == nullptr) continue;
      Decide(*mission);
      if (const auto* decided = std::get_if<MergeDecided>(&event.body)) OnMerge(*mission, *decided);
    }
    return true;
  }

  void Remember(const MissionId& id, const EventBody& body) {
    constexpr size_t kSentMax = 300;
    if (sent_.size() < kSentMax) {
      sent_.emplace_back(id, body);
    } else {
      sent_[Dice(kSentMax)] = {id, body};
    }
  }

  /// Any message may come twice, and long after its time.
  void RepeatMessage() {
    if (!sent_.empty()) Post({Pick(sent_)});
  }

  void Decide(const MissionState& mission) {
    for (MissionProposal& next : orchestrator_.Decide(mission)) {
      const auto refused = mission.refused.find(next.proposal.kind);
      if (refused != mission.refused.end() && refused->second >= 3) continue;
      proposals_.emplace_back(mission.id, std::move(next));
    }
  }

  /// The reconciler's tick: a proposal that was lost on its way is made again.
  void Tick() {
    for (const auto& [id, mission] : state_.missions) {
      if (mission.running() && mission.leased_total == 0) Decide(mission);
    }
  }

  void OnMerge(const MissionState& mission, const MergeDecided& decided) {
    bool independent = false;
    for (const Verdict& verdict : mission.verdicts) {
      independent |= verdict.tree == decided.tree && verdict.role != Role::kCoder;
    }
    CHECK(independent);  // I3, I7
    if (!decided.task_id) CheckApproved(mission, decided);
  }

  /// I8: nothing is delivered that a person had to see and did not approve.
  static void CheckApproved(const MissionState& mission, const MergeDecided& decided) {
    bool needed = mission.request.approve == "merge" || mission.request.approve == "all";
    for (const Verdict& verdict : mission.verdicts) {
      needed |=
          verdict.tree == decided.tree && verdict.role != Role::kCoder && !verdict.review.empty();
    }
    bool approved = false;
    for (const ApprovalState& approval : mission.approvals) {
      approved |= approval.subject == "merge" && approval.tree == decided.tree &&
                  approval.status == ApprovalStatus::kApproved;
    }
    const bool allowed = approved || !needed;
    CHECK(allowed);
  }

  // ---- the ledger itself -----------------------------------------------------------------------

  void Keep() {
    switch (Dice(4)) {
      case 0:
      case 1: {
        const auto taken = TakeSnapshot(Context{}, log_, 0, store_);
        if (taken.ok()) Post({{"", *taken}});
        break;
      }
      case 2:
        TruncateLog();
        break;
      default:
        // Whatever a damaged disk or an eager sweep takes of the newest snapshot.
        if (!state_.snapshots.empty() && Chance(2)) {
          (void)store_.Delete(Context{}, state_.snapshots.back().snapshot, INT64_MAX);
        }
    }
  }

  void TruncateLog() {
    if (state_.snapshots.empty()) return;
    ArchivePlan plan{.before = state_.snapshots.front().sequence + 1, .keep_wall_ms = INT64_MIN};
    if (plan.before < state_.truncated.before) return;
    const auto truncated = ArchiveLog(Context{}, log_, 0, store_, state_.truncated, plan);
    REQUIRE_MESSAGE(truncated.ok(), Message(truncated.status()));
    if (!Post({{"", *truncated}})) return;
    // Deleted after the event, and perhaps only in part.
    REQUIRE(ledger_->Truncate(Context{}, state_.truncated.before, Dice(40)).ok());
  }

  void ForgetMission() {
    if (state_.missions.empty()) return;
    const auto& [id, mission] = Pick(state_.missions);
    const bool over = IsOver(mission);
    const MissionId forgotten = id;
    const std::string request_id = mission.request.request_id;
    const bool posted =
        Post({{forgotten, MissionForgotten{.ended_wall_ms = mission.ended_wall_ms}}});
    if (!posted) return;
    REQUIRE_EQ(state_.Find(forgotten) == nullptr, over);
    REQUIRE_EQ(state_.request_ids.at(request_id), forgotten);  // I2
  }

  void SubmitProposal() {
    if (proposals_.empty()) return;
    const size_t index = random_() % proposals_.size();  // in any order, also stale ones
    auto [id, next] = proposals_[index];
    if (!Chance(10)) proposals_.erase(proposals_.begin() + static_cast<ptrdiff_t>(index));
    if (proposals_.size() > 200) proposals_.erase(proposals_.begin(), proposals_.begin() + 100);
    std::vector<std::pair<MissionId, EventBody>> facts;
    for (TaskPlanned& task : next.tasks) facts.emplace_back(id, std::move(task));
    facts.emplace_back(id, ProposalSubmitted{.proposal = std::move(next.proposal)});
    Post(std::move(facts));
  }

  // ---- the outside -----------------------------------------------------------------------------

  void RequestMission() {
    if (state_.missions.size() >= 6) return;
    MissionRequest request;
    request.request_id = StrCat(1000 + Dice(9000), "abcdef0123456789");
    request.goal = Chance(8) ? "implement a login" : "make the tests pass";
    request.check_consistency = true;
    request.repository.base_commit = "base";
    request.repository.base_tree = "base-tree";
    request.limits = {.agents = Dice(4), .max_retries = 2, .tests_max = 500};
    constexpr const char* kModes[] = {"none", "none", "plan", "merge", "all"};
    request.approve = kModes[Dice(5)];
    if (Chance(4)) request.candidates = {"candidate-a", "candidate-b"};
    Post({{"", MissionRequested{.request = request}}});
    const auto found = state_.request_ids.find(request.request_id);
    if (found != state_.request_ids.end() && !Chance(6)) {
      Post({{found->second, ClientAttached{.client_id = StrCat("c", Dice(3))}}});
    }
  }

  void JoinHost() {
    if (state_.hosts.size() >= 3) return;
    Post({{"", HostJoined{.host_id = StrCat("host", Dice(1000), "xxxxxxxx"),
                          .slots = 1 + Dice(5),
                          .roles = {Role::kAnalyzer, Role::kCoder, Role::kTester, Role::kPlanner,
                                    Role::kIntegrator}}}});
  }

  void LeaveHost() {
    if (state_.hosts.empty()) return;
    Post({{"", HostLeft{.host_id = Pick(state_.hosts).first}}});
  }

  void Control() {
    if (state_.missions.empty()) return;
    const MissionId id = Pick(state_.missions).first;
    switch (Dice(5)) {
      case 0:
        Post({{id, StopRequested{.principal = "p"}}});
        break;
      case 1:
        Post({{id, ResumeRequested{.principal = "p"}}});
        break;
      case 2:
        Post({{id, ClientDetached{.client_id = StrCat("c", Dice(3))}}});
        break;
      case 3:
        Post({{id, ClientAttached{.client_id = StrCat("c", Dice(3))}}});
        break;
      default:
        if (Chance(5)) Post({{id, TimerFired{.timer_id = "mission"}}});
    }
  }

  /// A person answers what is asked, or what was asked about something else.
  void AnswerApproval() {
    if (state_.missions.empty()) return;
    const MissionState& mission = Pick(state_.missions).second;
    if (mission.approvals.empty()) return;
    const ApprovalState& asked = Pick(mission.approvals);
    const bool right = healed_ || !Chance(3);
    Post({{mission.id, ApprovalAnswered{.approval_id = asked.approval_id,
                                        .digest = right ? asked.digest : "another",
                                        .approved = healed_ || !Chance(4),
                                        .principal = "p",
                                        .note = ""}}});
  }

  // Agents take what is wanted, and keep old leases around to report them late.
  void StartLease() {
    if (state_.wanted.empty()) return;
    const auto& keys = Pick(state_.wanted).second;
    auto it = keys.begin();
    std::advance(it, random_() % keys.size());
    const TaskState& task = *state_.Find(it->mission_id)->Find(it->task_id);
    running_.push_back({it->mission_id, it->task_id, *task.lease, task.spec});
    Post({{it->mission_id, LeaseStarted{.task_id = it->task_id,
                                        .epoch = task.lease->epoch,
                                        .agent_id = task.lease->agent_id}}});
  }

  void ReportResult() {
    if (running_.empty()) return;
    const size_t index = random_() % running_.size();
    const Running run = running_[index];
    if (!Chance(8)) running_.erase(running_.begin() + static_cast<ptrdiff_t>(index));
    std::vector<std::pair<MissionId, EventBody>> facts;
    TaskResult result = MakeResult(run, facts);
    if (!healed_ && Chance(8)) {
      Post({{run.mission_id,
             LeaseSpent{.task_id = run.task_id, .epoch = run.lease.epoch, .usage = result.usage}}});
      return;
    }
    if (!healed_ && Chance(20)) result.agent_id = "coder-1@evilevil";
    if (!healed_ && Chance(4)) result.agent_id = HolderNow(run);
    facts.emplace_back(run.mission_id, ResultReported{.result = std::move(result)});
    Post(std::move(facts));
  }

  /// Whoever has the task by now: only the epoch tells a late result of the former holder from his.
  AgentId HolderNow(const Running& run) {
    const MissionState* mission = state_.Find(run.mission_id);
    const TaskState* task = mission == nullptr ? nullptr : mission->Find(run.task_id);
    return task == nullptr || !task->lease ? run.lease.agent_id : task->lease->agent_id;
  }

  TaskResult MakeResult(const Running& run, std::vector<std::pair<MissionId, EventBody>>& facts) {
    TaskResult result;
    result.task_id = run.task_id;
    result.epoch = run.lease.epoch;
    result.agent_id = run.lease.agent_id;
    result.outcome = ResultOutcome::kSuccess;
    result.usage.tests = Dice(200);
    if (!healed_ && Chance(6)) {
      result.outcome = static_cast<ResultOutcome>(2 + Dice(4));
      result.reason = "error: simulated";
      return result;
    }
    const std::string& intent = run.spec.intent;
    const auto parameter = [&](const char* name) {
      const auto found = run.lease.action.parameters.find(name);
      return found == run.lease.action.parameters.end() ? std::string() : found->second;
    };
    if (intent == "observe") {
      result.outputs["world"] = "blob";
      result.outputs["coverage"] = "blob";
      result.baseline = BaselineSummary{.baseline = "blob",
                                        .expected_digest = ExpectedDigest(ExpectedTests()),
                                        .passed = 1,
                                        .failing = Chance(6) ? 0U : kFaults};
    } else if (intent == "localize") {
      result.outputs["faults"] = "blob";
    } else if (intent == "plan") {
      DraftPlan(run, result, facts);
    } else if (intent == "repair" || intent == "adopt") {
      result.tree = StrCat("tree", Dice(1000));
      result.commit = "commit-" + result.tree;
      AddEvidence(run, result);
    } else if (intent == "verify") {
      result.tree = parameter("tree");
      result.commit = parameter("commit");
      AddEvidence(run, result);
    } else if (intent == "merge") {
      // Now and then the texts conflict, or the evidence is not what it should be.
      const uint32_t culprit = !healed_ && Chance(12) ? 1 + Dice(8) : 0;
      ScriptMerge(run.lease.action.parameters, culprit, &result);
      const bool known = parameter("verified_trees") == result.tree;
      const bool evidence = result.outcome == ResultOutcome::kSuccess && !result.commit.empty();
      if (evidence && (!known || Chance(4))) AddEvidence(parameter("expected_digest"), result);
    }
    return result;
  }

  void AddEvidence(const Running& run, TaskResult& result) {
    AddEvidence(run.spec.parameters.at("expected_digest"), result);
  }

  void AddEvidence(const std::string& expected_digest, TaskResult& result) {
    const bool good = healed_ || !Chance(5);
    result.evidence = Evidence{.kind = "tests",
                               .tree = result.tree,
                               .expected_digest = expected_digest,
                               .expected = 3,
                               .passed = good ? 3U : 2U,
                               .failed = good ? 0U : 1U,
                               .normal_end = true,
                               .tests_unchanged = true};
    // What a person must see belongs to the tree: whoever looks at it sees the same.
    if (std::hash<std::string>{}(result.tree) % 4 == 0) result.evidence->review = "review";
  }

  void DraftPlan(const Running& run, TaskResult& result,
                 std::vector<std::pair<MissionId, EventBody>>& facts) {
    const MissionState* mission = state_.Find(run.mission_id);
    if (mission == nullptr) return;
    PlanningContext context;
    context.request = mission->request;
    context.baseline.passed = {"p"};
    for (const std::string& id : FailingTests()) context.faults.clusters.push_back({.tests = {id}});
    if (!context.request.candidates.empty()) context.faults.clusters = {{.tests = FailingTests()}};
    context.first_ordinal = 4;
    const auto plan = orchestrator_.Plan(context);
    REQUIRE(plan.ok());
    for (const TaskSpec& task : plan->tasks) {
      facts.emplace_back(run.mission_id, TaskPlanned{.plan_version = 2, .task = task});
    }
    result.outputs["plan"] = "blob";
    result.plan = PlanDraft{.version = 2,
                            .count = static_cast<uint32_t>(plan->tasks.size()),
                            .digest = PlanDigest(plan->tasks)};
  }

  void RandomAction() {
    if (Chance(25)) Keep();
    if (Chance(40)) ForgetMission();
    switch (Dice(16)) {
      case 0:
        RequestMission();
        break;
      case 1:
        JoinHost();
        break;
      case 2:
        if (Chance(4)) LeaveHost();
        break;
      case 3:
        if (Chance(3)) Control();
        break;
      case 4:
        AnswerApproval();
        if (Chance(10)) Open();  // the owner died; the next one folds
        if (Chance(3)) RepeatMessage();
        break;
      case 5:
      case 6:
      case 7:
      case 8:
        StartLease();
        break;
      case 9:
      case 10:
      case 11:
      case 12:
        ReportResult();
        break;
      default:
        SubmitProposal();
    }
  }

  void CheckInvariants() {
    REQUIRE(state_.wanted == RecomputeWanted(state_));
    for (const auto& [id, mission] : state_.missions) {
      REQUIRE_EQ(state_.running.contains(id), mission.running());
    }
    for (const auto& [id, mission] : state_.missions) {
      REQUIRE(mission.status != MissionStatus::kQuarantined);
      REQUIRE_LE(mission.tests_used + mission.tests_reserved, mission.request.limits.tests_max);
      uint32_t leased = 0;
      uint64_t reserved = 0;
      for (const TaskState& task : mission.tasks) {
        REQUIRE_EQ(task.lease.has_value(), task.status == TaskStatus::kLeased);
        if (!task.lease) continue;
        ++leased;
        reserved += task.lease->tests_reserved;
        REQUIRE(mission.running());
        REQUIRE_LE(task.attempts, mission.request.limits.max_retries);
      }
      REQUIRE_EQ(leased, mission.leased_total);
      REQUIRE_EQ(reserved, mission.tests_reserved);
      if (mission.request.limits.agents > 0) REQUIRE_LE(leased, mission.request.limits.agents);
      if (mission.outcome == Outcome::kVerified) REQUIRE_FALSE(mission.branch.empty());
    }
    if (Chance(50)) CheckReplay();
  }

  // The log alone gives the same state, and its facts alone the same decisions.
  void CheckReplay() {
    ShardState folded;
    ShardState stepped;
    std::vector<Event> events;
    std::vector<Event> derived;
    const auto visit = [&](const Event& event) {
      events.push_back(event);
      return Fold(folded, event);
    };
    const Status read = ReadHistory(Context{}, log_, 0, store_, state_.truncated, visit);
    REQUIRE_MESSAGE(read.ok(), Message(read));
    REQUIRE(folded == state_);
    CheckSnapshots();
    CheckEffects(events);
    for (const Event& event : events) {
      if (IsFact(event.body)) Step(stepped, event, derived);
    }
    REQUIRE_EQ(derived.size(), events.size());
    for (size_t i = 0; i < events.size(); ++i) REQUIRE(derived[i].body == events[i].body);
  }

  // What is stored comes back, and what follows it gives the same state.
  void CheckSnapshots() {
    ShardState restored;
    ChainReader reader(0);
    const auto report = RestoreState(Context{}, log_, &store_, reader, restored);
    REQUIRE_MESSAGE(report.ok(), Message(report.status()));
    const auto fold = [&](const Event& event) { return Fold(restored, event); };
    REQUIRE(reader.Read(Context{}, log_, fold).ok());
    REQUIRE(restored == state_);
    const auto taken = StoreSnapshot(Context{}, store_, 0, state_, reader.hash());
    REQUIRE(taken.ok());
    const auto loaded = LoadSnapshot(Context{}, store_, 0, *taken);
    REQUIRE_MESSAGE(loaded.ok(), Message(loaded.status()));
    REQUIRE(*loaded == state_);
  }

  /// Everything asked is approved and followed to its end.
  void AnswerWhatWaits() {
    for (const auto& [id, asked] : OpenApprovals(state_)) {
      Post({{id, ApprovalAnswered{.approval_id = asked.approval_id,
                                  .digest = asked.digest,
                                  .approved = true,
                                  .principal = "p",
                                  .note = ""}}});
      Post({{id, ResumeRequested{.principal = "p"}}});
    }
  }

  void Heal() {
    healed_ = true;
    running_.clear();
    Open();
    JoinHost();
    std::vector<MissionId> ids;
    for (const auto& [id, mission] : state_.missions) ids.push_back(id);
    for (const MissionId& id : ids) {
      Post({{id, ClientAttached{.client_id = "healer"}}, {id, ResumeRequested{.principal = "p"}}});
    }
    const auto open = [&] {
      size_t count = 0;
      for (const auto& [id, mission] : state_.missions) {
        count += mission.running() || OpenApproval(mission) != nullptr ? 1 : 0;
      }
      return count;
    };
    for (int i = 0; i < 20'000 && open() > 0; ++i) {
      if (i % 20 == 0) Tick();
      AnswerWhatWaits();
      switch (Dice(3)) {
        case 0:
          StartLease();
          break;
        case 1:
          ReportResult();
          break;
        default:
          SubmitProposal();
      }
      CheckInvariants();
    }
    for (const auto& [id, mission] : state_.missions) {
      if (!mission.running() && OpenApproval(mission) == nullptr) continue;
      CAPTURE(Describe(mission));
      CHECK_MESSAGE(false, "the mission does not end");
    }
    CheckReplay();
  }

  std::mt19937 random_;
  bool healed_ = false;
  memory::MemoryEventLog log_;
  memory::MemoryObjectStore store_;
  std::unique_ptr<Ledger> ledger_;
  const Orchestrator orchestrator_;
  ShardState state_;
  std::vector<std::pair<MissionId, MissionProposal>> proposals_;
  std::vector<Running> running_;
  std::vector<std::pair<MissionId, EventBody>> sent_;
  int64_t wall_ms_ = 1'700'000'000'000;
};

}  // namespace

TEST_CASE("InvariantsHoldWhateverHappensAndHealedMissionsEnd") {
  const char* chosen = std::getenv("CODITECT_SEED");
  const uint32_t first = chosen != nullptr ? static_cast<uint32_t>(std::atoi(chosen)) : 1;
  const char* count = std::getenv("CODITECT_SEEDS");
  const uint32_t seeds = chosen != nullptr ? 1 : count != nullptr ? std::atoi(count) : 20;
  for (uint32_t seed = first; seed < first + seeds; ++seed) {
    CAPTURE(seed);
    INFO("repeat with CODITECT_SEED=", seed);
    Walk(seed).Run(600);
  }
}

}  // namespace coditect
