// Durable task cycles (submit, assign, report, acknowledge; on disk before each acknowledgement)
// through the real task queue, beside the usual mutable queue table and the raw synced write.
//
// 16 producers each ask for missions of 100 tasks, one after the other; a host with 100 slots
// reports each lease as soon as it is told of it, so 100 tasks are in flight. The CPU of producers
// and host counts.
#include <algorithm>
#include <atomic>
#include <set>
#include <thread>

#include "src/adapters/sqlite/event_log.h"
#include "src/domain/plan.h"
#include "src/orchestrator/merge_queue.h"
#include "src/orchestrator/resource_allocator.h"
#include "src/task_queue/task_queue.h"
#include "src/wire/codec.h"

#include "benchmarks/support/measure.h"
#include "benchmarks/support/mutable_queue.h"
#include "benchmarks/support/scripted_agent.h"

namespace coditect::bench {
namespace {

constexpr int kRounds = 5;
constexpr int kProducers = 16;
constexpr uint32_t kTasksPerMission = 100;
constexpr int kMissionsPerProducer = 12;
constexpr uint32_t kInFlight = 100;
constexpr int kPeerCycles = 1'500;
constexpr int kPeerBatchedCycles = 20'000;
constexpr uint64_t kCyclesPerRound = uint64_t{kProducers} * kMissionsPerProducer * kTasksPerMission;

TaskSpec MakeSpec(uint32_t ordinal, ScriptedAgent& script) {
  TaskSpec task;
  task.task_id = {ordinal};
  task.description = StrCat("Observe package ", ordinal, " and run its tests at ", script.Hex(40));
  task.role = Role::kAnalyzer;
  task.intent = "observe";
  task.parameters = {{"expected_digest", script.Hex(64)}, {"cluster", std::to_string(ordinal)}};
  task.expectations = {{"outcome", "success"}, {"output.world", "present"}};
  task.tests_max = 100;
  return task;
}

/// Plans every mission's one batch of tasks, the team for it, and the verdict at its end.
class BatchOrchestrator final : public OrchestratorService {
 public:
  BatchOrchestrator() {
    ScriptedAgent script(7);
    for (uint32_t i = 1; i <= kTasksPerMission; ++i) plan_.push_back(MakeSpec(i, script));
  }

  std::vector<MissionProposal> Decide(const MissionState& mission) const override {
    std::vector<MissionProposal> out;
    if (mission.plan_version == 0) {
      MissionProposal plan;
      for (const TaskSpec& task : plan_) plan.tasks.push_back({.plan_version = 1, .task = task});
      plan.proposal.kind = ProposalKind::kPlan;
      plan.proposal.plan_version = 1;
      plan.proposal.task_count = kTasksPerMission;
      plan.proposal.digest = PlanDigest(plan_);
      out.push_back(std::move(plan));
    } else if (auto team = ProposeTeam(mission)) {
      out.push_back({.proposal = *std::move(team)});
    } else if (mission.ready.empty() && mission.leased_total == 0) {
      MissionProposal verdict;
      verdict.proposal.kind = ProposalKind::kVerdict;
      verdict.proposal.plan_version = 1;
      verdict.proposal.outcome = Outcome::kNotVerified;
      out.push_back(std::move(verdict));
    }
    return out;
  }
  StatusOr<PlanDocument> Plan(const PlanningContext&) const override {
    return PlanDocument{.tasks = plan_};
  }

 private:
  std::vector<TaskSpec> plan_;
};

/// Reports each lease that is wanted, from a thread of its own.
class ReportingHost final : public AgentService {
 public:
  explicit ReportingHost(TaskQueue& queue) : queue_(queue) {
    ScriptedAgent script(11);
    for (int i = 0; i < 512; ++i) results_.push_back(script.Result("observe", {}, ""));
    thread_ = std::thread([this] { Work(); });
  }

  void Stop() {
    {
      MutexLock lock(mutex_);
      stopping_ = true;
      changed_.NotifyAll();
    }
    thread_.join();
  }

  void SetWanted(std::shared_ptr<const WantedSet> wanted) override {
    MutexLock lock(mutex_);
    wanted_ = std::move(wanted);
    changed_.NotifyAll();
  }
  void ForgetMission(const MissionId&) override {}
  void EmergencyStop() override {}
  void ClearEmergency() override {}

  uint64_t accepted() const { return accepted_.load(); }

 private:
  void Work() {
    uint64_t reported = 0;  // sequence of the newest grant that was reported
    for (;;) {
      std::shared_ptr<const WantedSet> wanted;  // shared with the shard
      {
        MutexLock lock(mutex_);
        while (wanted_ == nullptr && !stopping_) changed_.Wait(mutex_);
        if (stopping_) return;
        wanted = std::move(wanted_);
      }
      uint64_t newest = reported;
      for (const auto& lease : wanted->leases) {
        newest = std::max(newest, lease->epoch.sequence);
        if (lease->epoch.sequence > reported) Report(*lease);
      }
      reported = newest;
    }
  }

  void Report(const WantedLease& lease) {
    TaskResult result = results_[lease.epoch.sequence % results_.size()];
    result.task_id = lease.task_id;
    result.epoch = lease.epoch;
    result.agent_id = lease.agent_id;
    Must(queue_.PostResult(lease.mission_id, std::move(result), {}, [this](StatusOr<TaskAck> ack) {
      if (Must(std::move(ack)).accepted) accepted_.fetch_add(1);
    }));
  }

  TaskQueue& queue_;
  std::vector<TaskResult> results_;
  std::atomic<uint64_t> accepted_ = 0;
  Mutex mutex_;
  CondVar changed_;
  std::shared_ptr<const WantedSet> wanted_ ABSL_GUARDED_BY(mutex_);
  bool stopping_ ABSL_GUARDED_BY(mutex_) = false;
  std::thread thread_;
};

/// Counts blocks and events, and wakes the producers whose mission has ended.
class Counter {
 public:
  void See(std::span<const Event> events) {
    MutexLock lock(mutex_);
    ++blocks_;
    events_ += events.size();
    for (const Event& event : events) {
      if (!std::holds_alternative<MissionCompleted>(event.body)) continue;
      ended_.insert(event.mission_id);
      changed_.NotifyAll();
    }
  }
  void WaitFor(const MissionId& id) {
    MutexLock lock(mutex_);
    while (!ended_.contains(id)) changed_.Wait(mutex_);
  }
  uint64_t blocks() {
    MutexLock lock(mutex_);
    return blocks_;
  }
  uint64_t events() {
    MutexLock lock(mutex_);
    return events_;
  }

 private:
  Mutex mutex_;
  CondVar changed_;
  std::set<MissionId> ended_ ABSL_GUARDED_BY(mutex_);
  uint64_t blocks_ ABSL_GUARDED_BY(mutex_) = 0;
  uint64_t events_ ABSL_GUARDED_BY(mutex_) = 0;
};

struct Figure {
  double rate = 0;  // cycles a second
  double cpu = 0;   // microseconds a cycle
  double block_cycles = 0;
  double block_bytes = 0;
};

uint64_t LogBytes(const std::string& path, uint64_t* blocks) {
  auto log = Must(sqlite::OpenEventLog({.path = path, .read_only = true}));
  uint64_t bytes = 0;
  uint64_t after = 0;
  for (;;) {
    const auto read = Must(log->Read(Context{}, 0, after, 1000));
    if (read.empty()) return bytes;
    for (const StoredBlock& block : read) bytes += block.frame.size();
    *blocks += read.size();
    after = read.back().last_sequence;
  }
}

Figure RunCoditect(const std::string& path) {
  const SystemClock clock;
  const BatchOrchestrator orchestrator;
  Counter counter;
  TaskQueue queue(
      {.build_id = "bench", .owner_id = "bench"},
      [&] { return sqlite::OpenEventLog({.path = path}); }, orchestrator, clock);
  queue.AddObserver([&](std::span<const Event> events, const ShardState&) { counter.See(events); });
  Must(queue.Open(Context{}));
  ReportingHost host(queue);
  Must(queue.JoinHost(
      Context{}, {.host_id = std::string(32, 'a'), .slots = kInFlight, .roles = {Role::kAnalyzer}},
      host));
  std::vector<std::thread> producers;
  const Stopwatch watch;
  for (int p = 0; p < kProducers; ++p) {
    producers.emplace_back([&, p] {
      ScriptedAgent script(static_cast<uint32_t>(100 + p));
      for (int m = 0; m < kMissionsPerProducer; ++m) {
        counter.WaitFor(Must(queue.RequestMission(Context{}, script.Request(), StrCat("c", p))));
      }
    });
  }
  for (std::thread& thread : producers) thread.join();
  Figure figure{.rate = kCyclesPerRound / watch.Wall(),
                .cpu = watch.Cpu() * 1e6 / kCyclesPerRound,
                .block_cycles = static_cast<double>(kCyclesPerRound) / counter.blocks()};
  host.Stop();
  queue.Stop();
  CHECK(host.accepted() == kCyclesPerRound);
  uint64_t blocks = 0;
  figure.block_bytes = static_cast<double>(LogBytes(path, &blocks)) / blocks;
  return figure;
}

/// Every step its own transaction, by 100 producers that share the connection.
Figure RunPeer(const std::string& path, const std::string& spec, const std::string& result) {
  MutableQueue queue(path);
  Mutex mutex;
  int left = kPeerCycles;
  std::vector<std::thread> threads;
  const Stopwatch watch;
  for (uint32_t i = 0; i < kInFlight; ++i) {
    threads.emplace_back([&, i] {
      for (;;) {
        {
          MutexLock lock(mutex);
          if (left-- <= 0) return;
          queue.Submit(spec);
        }
        int64_t id = 0;
        {
          MutexLock lock(mutex);
          id = queue.Claim(StrCat("agent-", i), 1'800'000'000);
        }
        MutexLock lock(mutex);
        queue.Finish(id, result);
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  const Figure figure{.rate = kPeerCycles / watch.Wall(), .cpu = watch.Cpu() * 1e6 / kPeerCycles};
  CHECK(queue.CountDone() == kPeerCycles);
  return figure;
}

/// The same table at its best: one thread, each transaction one step of 100 tasks.
Figure RunPeerBatched(const std::string& path, const std::string& spec, const std::string& result) {
  MutableQueue queue(path);
  const Stopwatch watch;
  for (int done = 0; done < kPeerBatchedCycles; done += kInFlight) {
    queue.Begin();
    for (uint32_t i = 0; i < kInFlight; ++i) queue.Submit(spec);
    queue.Commit();
    std::vector<int64_t> ids;
    queue.Begin();
    for (uint32_t i = 0; i < kInFlight; ++i) {
      ids.push_back(queue.Claim(StrCat("agent-", i), 1'800'000'000));
    }
    queue.Commit();
    queue.Begin();
    for (const int64_t id : ids) queue.Finish(id, result);
    queue.Commit();
  }
  const Figure figure{.rate = kPeerBatchedCycles / watch.Wall(),
                      .cpu = watch.Cpu() * 1e6 / kPeerBatchedCycles};
  CHECK(queue.CountDone() == kPeerBatchedCycles);
  return figure;
}

std::string Show(const Range& range) {
  char text[96];
  std::snprintf(text, sizeof text, "%.0f [%.0f-%.0f]", range.median, range.min, range.max);
  return text;
}

}  // namespace

int Main() {
  const ScratchFolder scratch;
  ScriptedAgent script(3);
  const std::string spec = wire::Encode(MakeSpec(1, script));
  const std::string result = wire::Encode(script.Result("observe", {}, ""));
  std::vector<double> ours, ours_cpu, peer, peer_cpu, batched, batched_cpu, raw, goal, share;
  Figure last;
  for (int round = 0; round < kRounds; ++round) {
    const std::string name = StrCat(scratch.path(), "/", round);
    last = RunCoditect(name + "-ledger.sqlite3");
    raw.push_back(MeanSyncedWrite(scratch.path(), static_cast<size_t>(last.block_bytes), 300));
    ours.push_back(last.rate);
    ours_cpu.push_back(last.cpu);
    goal.push_back(std::min(40'000.0, 0.6 * kInFlight / (2 * raw.back())));
    share.push_back(100 * last.rate / goal.back());
    const Figure single = RunPeer(name + "-peer.sqlite3", spec, result);
    peer.push_back(single.rate);
    peer_cpu.push_back(single.cpu);
    const Figure batch = RunPeerBatched(name + "-batched.sqlite3", spec, result);
    batched.push_back(batch.rate);
    batched_cpu.push_back(batch.cpu);
  }
  const double rate = RangeOf(ours).median;
  std::printf(
      "Durable task cycles, embedded, %u in flight, load generator included; medians of %d "
      "alternating rounds [min-max]. %llu cycles a round of ours; a block holds %.0f cycles in "
      "%.1f KiB. Raw: write(2) + fdatasync(2) of a block's bytes, mean %.0f us.\n\n",
      kInFlight, kRounds, static_cast<unsigned long long>(kCyclesPerRound), last.block_cycles,
      last.block_bytes / 1024, RangeOf(raw).median * 1e6);
  std::printf("| What | Measured | Target | Ratio |\n|---|---|---|---|\n");
  std::printf("| cycles/s | %s | >= %.0f = min(40,000, 0.6 x in flight / (2 x raw)) | %.0f %% |\n",
              Show(RangeOf(ours)).c_str(), RangeOf(goal).median, RangeOf(share).median);
  std::printf("| CPU us a cycle | %s | <= 25 | |\n", Show(RangeOf(ours_cpu)).c_str());
  std::printf("| mutable table, a transaction a step, cycles/s | %s | ours >= 1.5 x | %.1f x |\n",
              Show(RangeOf(peer)).c_str(), rate / RangeOf(peer).median);
  std::printf("| the same, CPU us a cycle | %s | | |\n", Show(RangeOf(peer_cpu)).c_str());
  std::printf("| mutable table, 100 steps a transaction, cycles/s | %s | | %.1f x |\n",
              Show(RangeOf(batched)).c_str(), rate / RangeOf(batched).median);
  std::printf("| the same, CPU us a cycle | %s | | |\n", Show(RangeOf(batched_cpu)).c_str());
  std::printf(
      "\nThe mutable table stores the same task (%zu B) and result (%zu B) in the same SQLite with "
      "the same settings: `INSERT INTO task (state, spec)`; `UPDATE task SET state=1, agent=?, "
      "lease_until=? WHERE id=(SELECT id FROM task WHERE state=0 ORDER BY id LIMIT 1) RETURNING "
      "id`; `UPDATE task SET state=2, result=? WHERE id=?`; partial index on state=0; WAL, "
      "synchronous=FULL, prepared statements, one connection. With a transaction a step, each of "
      "100 producers commits each step before it goes on; the batched row is one thread without "
      "any producers, a table at its best.\n",
      spec.size(), result.size());
  return 0;
}

}  // namespace coditect::bench

int main() { return coditect::bench::Main(); }
