// The queue while its ledger cannot be written: refused by type, killed first, recorded later.
#include <doctest/doctest.h>

#include <atomic>

#include "src/adapters/memory/event_log.h"
#include "src/task_queue/task_queue.h"

namespace coditect {
namespace {

/// A disk that is full or fails as long as it is told so. Shared by all connections to it.
struct Disk {
  memory::MemoryEventLog log;
  std::atomic<bool> full{false};
};

class Connection final : public EventLog {
 public:
  explicit Connection(Disk& disk) : disk_(disk) {}
  StatusOr<AppendResult> Append(const Context& ctx, uint32_t shard, uint64_t expected,
                                const StoredBlock& block) override {
    if (disk_.full) return ResourceExhausted("full");
    return disk_.log.Append(ctx, shard, expected, block);
  }
  StatusOr<std::vector<StoredBlock>> Read(const Context& ctx, uint32_t shard, uint64_t after,
                                          size_t blocks_max) override {
    return disk_.log.Read(ctx, shard, after, blocks_max);
  }
  StatusOr<size_t> Truncate(const Context& ctx, uint32_t shard, uint64_t before,
                            size_t blocks_max) override {
    return disk_.log.Truncate(ctx, shard, before, blocks_max);
  }
  StatusOr<uint64_t> LastSequence(const Context& ctx, uint32_t shard) override {
    return disk_.log.LastSequence(ctx, shard);
  }

 private:
  Disk& disk_;
};

struct SilentOrchestrator final : OrchestratorService {
  std::vector<MissionProposal> Decide(const MissionState&) const override { return {}; }
  StatusOr<PlanDocument> Plan(const PlanningContext&) const override {
    return Unimplemented("not here");
  }
};

struct Host final : AgentService {
  void SetWanted(std::shared_ptr<const WantedSet>) override {}
  void ForgetMission(const MissionId&) override {}
  void EmergencyStop() override { stopped = true; }
  void ClearEmergency() override {
    MutexLock lock(mutex);
    stopped = false;
    changed.NotifyAll();
  }
  Mutex mutex;
  CondVar changed;
  std::atomic<bool> stopped{false};
};

struct Bench {
  Bench()
      : queue(
            {.owner_id = "owner"},
            [this]() -> StatusOr<std::unique_ptr<EventLog>> {
              return std::make_unique<Connection>(disk);
            },
            orchestrator, clock) {
    REQUIRE(queue.Open(Context()).ok());
    REQUIRE(queue.JoinHost(Context(), {.host_id = "host", .slots = 1}, host).ok());
  }

  StatusOr<MissionId> Request(const std::string& id) {
    MissionRequest request;
    request.request_id = id;
    request.goal = "make the tests pass";
    request.repository.base_commit = "base";
    return queue.RequestMission(Context().WithTimeout(std::chrono::seconds(10)), request, "client");
  }

  int Count(const std::function<bool(const Event&)>& which) {
    int count = 0;
    REQUIRE(ChainReader(0)
                .Read(Context(), disk.log,
                      [&](const Event& event) {
                        count += which(event) ? 1 : 0;
                        return absl::OkStatus();
                      })
                .ok());
    return count;
  }

  Disk disk;
  SystemClock clock;
  SilentOrchestrator orchestrator;
  Host host;
  TaskQueue queue;
};

TEST_CASE("AFullDiskRefusesNewWorkByTypeAndTakesItAgainWithoutARestart") {
  Bench bench;
  bench.disk.full = true;
  CHECK(absl::IsResourceExhausted(bench.Request("7f3a9c000000").status()));
  CHECK(absl::IsResourceExhausted(bench.queue.health().status));
  CHECK(absl::IsResourceExhausted(bench.Request("7f3a9c000000").status()));
  bench.disk.full = false;
  StatusOr<MissionId> id = bench.Request("7f3a9c000000");
  while (!id.ok()) id = bench.Request("7f3a9c000000");  // it tries twice a second
  CHECK(bench.queue.health().status.ok());
  CHECK_EQ(bench.Count([](const Event& event) {
    return std::holds_alternative<MissionAccepted>(event.body);
  }),
           1);
}

TEST_CASE("AnEmergencyStopKillsOnAFullDiskAndIsRecordedWithoutBeingAskedAgain") {
  Bench bench;
  const auto id = bench.Request("7f3a9c000000");
  REQUIRE(id.ok());
  bench.disk.full = true;
  const Status status =
      bench.queue.Control(Context(), *id, MissionControl::kEmergencyStop, "somebody");
  CHECK(absl::IsResourceExhausted(status));
  CHECK(bench.host.stopped);
  bench.disk.full = false;
  {
    const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(30);
    MutexLock lock(bench.host.mutex);
    while (bench.host.stopped && std::chrono::steady_clock::now() < end) {
      bench.host.changed.WaitUntil(bench.host.mutex, end);
    }
  }
  CHECK_FALSE(bench.host.stopped);
  CHECK_EQ(bench.Count([](const Event& event) {
    const auto* stop = std::get_if<StopRequested>(&event.body);
    return stop != nullptr && stop->emergency;
  }),
           1);
}

}  // namespace
}  // namespace coditect
