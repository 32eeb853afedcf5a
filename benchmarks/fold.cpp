// Replay of a ledger of a million events of whole missions: read, checked, decoded and folded; the
// restart after kill -9 that rests on it; and what it takes to cut it off.
//
// Every mission is the product's own journey (Step, Decide and the offline planner with scripted
// agents): two independent faults, one claim refuted and one lease lost on the way. A block holds
// what one message brings about, as in a process that is not busy: the worst case for replay.
#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <set>

#include "src/adapters/localfs/object_store.h"
#include "src/adapters/memory/event_log.h"
#include "src/adapters/sqlite/event_log.h"
#include "src/base/file.h"
#include "src/domain/plan.h"
#include "src/orchestrator/orchestrator.h"
#include "src/task_queue/ledger.h"
#include "src/task_queue/snapshot.h"
#include "src/task_queue/snapshotter.h"
#include "src/task_queue/step.h"

#include "benchmarks/support/measure.h"
#include "benchmarks/support/scripted_agent.h"

namespace coditect::bench {
namespace {

constexpr uint64_t kEvents = 1'000'000;
constexpr int kRounds = 3;
constexpr uint64_t kEventsLeft = 100'000;
constexpr size_t kBlocksPerSweep = 512;
constexpr int kBlocksAfterStart = 16;  // written by the owner that is killed

/// Drives missions one after the other and writes each step as a block.
class History {
 public:
  explicit History(EventLog& log)
      : ledger_(
            [&log]() -> StatusOr<std::unique_ptr<EventLog>> {
              return std::make_unique<Borrowed>(log);
            },
            0, "bench") {
    Must(ledger_.Replay(Context{}, [](const Event&) { return absl::OkStatus(); }));
    Post("", {ShardOpened{.incarnation = 1, .build_id = "bench", .host_id = "bench"}});
    Post("", {HostJoined{.host_id = std::string(32, 'a'),
                         .slots = 16,
                         .roles = {Role::kAnalyzer, Role::kCoder, Role::kTester, Role::kPlanner,
                                   Role::kIntegrator}}});
  }

  uint64_t events() const { return state_.sequence; }
  uint64_t blocks() const { return blocks_; }
  const ShardState& state() const { return state_; }

  const std::string& hash() const { return ledger_.hash(); }
  void Record(const SnapshotTaken& taken) { Post("", {taken}); }

  void RunMission() {
    const MissionRequest request = script_.Request();
    Post("", {MissionRequested{.request = request}});
    const MissionId id = state_.request_ids.at(request.request_id);
    Post(id, {ClientAttached{.client_id = script_.Hex(32)}});
    refuted_ = lost_ = false;
    while (state_.Find(id)->running()) {
      if (Propose(id)) continue;
      CHECK(!state_.wanted.empty());
      const std::set<LeaseKey> keys = state_.wanted.begin()->second;
      for (const LeaseKey& key : keys) {
        const TaskState& task = *state_.Find(id)->Find(key.task_id);
        if (task.lease)
          Post(id, {LeaseStarted{key.task_id, task.lease->epoch, task.lease->agent_id}});
      }
      for (const LeaseKey& key : keys) Report(key);
    }
  }

 private:
  /// The log outlives the connection that the ledger closes.
  class Borrowed final : public EventLog {
   public:
    explicit Borrowed(EventLog& log) : log_(log) {}
    StatusOr<AppendResult> Append(const Context& ctx, uint32_t shard, uint64_t expected,
                                  const StoredBlock& block) override {
      return log_.Append(ctx, shard, expected, block);
    }
    StatusOr<std::vector<StoredBlock>> Read(const Context& ctx, uint32_t shard, uint64_t after,
                                            size_t blocks_max) override {
      return log_.Read(ctx, shard, after, blocks_max);
    }
    StatusOr<size_t> Truncate(const Context& ctx, uint32_t shard, uint64_t before,
                              size_t blocks_max) override {
      return log_.Truncate(ctx, shard, before, blocks_max);
    }
    StatusOr<uint64_t> LastSequence(const Context& ctx, uint32_t shard) override {
      return log_.LastSequence(ctx, shard);
    }

   private:
    EventLog& log_;
  };

  void Post(const MissionId& id, std::vector<EventBody> facts) {
    std::vector<Event> events;
    for (EventBody& fact : facts) {
      Step(state_, {.mission_id = id, .body = std::move(fact), .wall_ms = 1'800'000'000'000},
           events);
    }
    Must(ledger_.Append(Context{}, state_.incarnation, events));
    ++blocks_;
  }

  bool Propose(const MissionId& id) {
    const auto proposals = orchestrator_.Decide(*state_.Find(id));
    for (const MissionProposal& next : proposals) {
      std::vector<EventBody> facts(next.tasks.begin(), next.tasks.end());
      facts.emplace_back(ProposalSubmitted{.proposal = next.proposal});
      Post(id, std::move(facts));
    }
    return !proposals.empty();
  }

  void Report(const LeaseKey& key) {
    const MissionState& mission = *state_.Find(key.mission_id);
    const TaskState& task = *mission.Find(key.task_id);
    if (!task.lease) return;  // its rival won meanwhile
    const std::string intent = task.spec.intent;
    if (intent == "repair" && task.spec.rank > 0)
      return;  // still searching when the first finds it
    if (intent == "merge" && !lost_) {
      lost_ = true;
      Post(key.mission_id, {TimerFired{.timer_id = LeaseTimer(key.task_id, task.lease->epoch)}});
      return;
    }
    const auto& parameters = task.lease->action.parameters;
    const auto digest = parameters.find("expected_digest");
    TaskResult result =
        script_.Result(intent, parameters, digest == parameters.end() ? "" : digest->second);
    result.task_id = key.task_id;
    result.epoch = task.lease->epoch;
    result.agent_id = task.lease->agent_id;
    if (intent == "verify" && !refuted_) {
      refuted_ = true;
      result.outcome = ResultOutcome::kRefuted;
      result.reason = "tests/test_stock.py::test_reserve fails";
      result.evidence.reset();
    }
    std::vector<EventBody> facts;
    if (intent == "plan") DraftPlan(mission, result, facts);
    facts.emplace_back(ResultReported{.result = std::move(result)});
    Post(key.mission_id, std::move(facts));
  }

  void DraftPlan(const MissionState& mission, TaskResult& result, std::vector<EventBody>& facts) {
    PlanningContext context;
    context.request = mission.request;
    context.baseline.passed = ScriptedAgent::Passing();
    for (const std::string& id : ScriptedAgent::Failing()) {
      context.faults.clusters.push_back({.tests = {id}});
    }
    context.first_ordinal = static_cast<uint32_t>(mission.tasks.size()) + 1;
    const PlanDocument plan = Must(orchestrator_.Plan(context));
    for (const TaskSpec& task : plan.tasks) {
      facts.emplace_back(TaskPlanned{.plan_version = 2, .task = task});
    }
    result.outputs["plan"] = script_.Hex(64);
    result.plan = PlanDraft{.version = 2,
                            .count = static_cast<uint32_t>(plan.tasks.size()),
                            .digest = PlanDigest(plan.tasks)};
  }

  ScriptedAgent script_{5};
  const Orchestrator orchestrator_;
  Ledger ledger_;
  ShardState state_;
  uint64_t blocks_ = 0;
  bool refuted_ = false;
  bool lost_ = false;
};

/// The blocks as a ledger file.
void StoreAll(EventLog& from, const std::string& path) {
  const auto log = Must(sqlite::OpenEventLog({.path = path}));
  uint64_t after = 0;
  for (;;) {
    const auto blocks = Must(from.Read(Context{}, 0, after, 1000));
    if (blocks.empty()) break;
    for (const StoredBlock& block : blocks) {
      Must(log->Append(Context{}, 0, after, block));
      after = block.last_sequence;
    }
  }
}

/// What a restart after kill -9 spends before the shard has its state, in a process of its own.
struct Restart {
  double open_wall = 0;  // the database opened and checked
  double wall = 0;       // that, and the state restored
  double cpu = 0;
  double mib = 0;  // resident at most
};

StatusOr<std::unique_ptr<EventLog>> OpenOwned(const std::string& path) {
  return sqlite::OpenEventLog({.path = path});
}

struct Spent {
  double wall = 0;
  double cpu = 0;
};

void PrintSnapshot(const SnapshotTaken& taken, const Spent& spent, ObjectStore& store) {
  uint64_t stored = 0;
  for (const BlobInfo& blob : Must(store.List(Context{}))) stored += blob.stored_bytes;
  std::printf(
      "| a snapshot of the state after %llu events encoded and stored, wall s | %.2f | | |\n",
      static_cast<unsigned long long>(taken.sequence), spent.wall);
  std::printf("| the same, CPU s | %.2f | | |\n", spent.cpu);
  std::printf("| its blobs, MiB | %.1f | | |\n", static_cast<double>(stored) / (1 << 20));
}

/// Another process owns the ledger, opens it, writes some blocks and is killed.
void OwnAndDie(const std::string& path, ObjectStore& store) {
  const pid_t owner = ::fork();
  CHECK(owner >= 0);
  if (owner == 0) {
    Ledger ledger([&path] { return OpenOwned(path); }, 0, "bench", &store);
    ShardState state;
    Must(ledger.Restore(Context{}, state).status());
    for (int block = 0; block < kBlocksAfterStart; ++block) {
      std::vector<Event> events;
      const ShardOpened opened{
          .incarnation = state.incarnation + 1, .build_id = "bench", .host_id = "bench"};
      Step(state, {.body = opened, .wall_ms = 1'800'000'000'000}, events);
      Must(ledger.Append(Context{}, state.incarnation, events));
    }
    ::kill(::getpid(), SIGKILL);
  }
  int status = 0;
  CHECK(::waitpid(owner, &status, 0) == owner && WIFSIGNALED(status) &&
        WTERMSIG(status) == SIGKILL);
}

/// The new owner: prints what it spent.
int RestartMain(const std::string& path, const std::string& blobs) {
  const auto store = blobs.empty() ? nullptr : Must(localfs::OpenObjectStore(blobs));
  Restart spent;
  const Stopwatch watch;
  ShardState state;
  Ledger ledger(
      [&] {
        auto log = OpenOwned(path);
        spent.open_wall = watch.Wall();
        return log;
      },
      0, "bench", store.get());
  const RestoreReport report = Must(ledger.Restore(Context{}, state));
  spent.wall = watch.Wall();
  spent.cpu = watch.Cpu();
  CHECK(state.sequence > kEvents && (report.snapshot_sequence > 0) == !blobs.empty());
  rusage usage{};
  ::getrusage(RUSAGE_SELF, &usage);
  std::printf("%f %f %f %f\n", spent.open_wall, spent.wall, spent.cpu, usage.ru_maxrss / 1024.0);
  std::fflush(stdout);
  ::_exit(0);  // as the owner before it: the next one finds an unclean end
}

Restart RestartAfterKill(const std::string& path, const std::string& blobs, ObjectStore& store) {
  OwnAndDie(path, store);
  const std::string command =
      StrCat(RealPath("/proc/self/exe").value(), " restart ", path, " '", blobs, "'");
  FILE* child = ::popen(command.c_str(), "r");
  CHECK(child != nullptr);
  Restart spent;
  CHECK(std::fscanf(child, "%lf %lf %lf %lf", &spent.open_wall, &spent.wall, &spent.cpu,
                    &spent.mib) == 4);
  CHECK(::pclose(child) == 0);
  return spent;
}

void PrintRestarts(const char* how, const std::string& path, const std::string& blobs,
                   ObjectStore& store, const char* target) {
  std::vector<double> open, wall, cpu, mib;
  for (int round = 0; round < kRounds; ++round) {
    const Restart spent = RestartAfterKill(path, blobs, store);
    open.push_back(spent.open_wall);
    wall.push_back(spent.wall);
    cpu.push_back(spent.cpu);
    mib.push_back(spent.mib);
  }
  std::printf("| kill -9 of the owner to a folded state, %s, wall s | %.2f | %s | |\n", how,
              RangeOf(wall).median, target);
  std::printf("| of it the check after an unclean end, wall s | %.3f | | |\n",
              RangeOf(open).median);
  std::printf("| the same, CPU s | %.2f | | |\n", RangeOf(cpu).median);
  std::printf("| the same, MiB resident at most | %.0f | | |\n", RangeOf(mib).median);
}

/// By the owner, of the log's end.
void TakeNewSnapshot(const std::string& path, ObjectStore& store) {
  Ledger ledger([&path] { return OpenOwned(path); }, 0, "bench", &store);
  ShardState state;
  Must(ledger.Restore(Context{}, state).status());
  const auto reader = Must(sqlite::OpenEventLog({.path = path, .read_only = true}));
  const SnapshotTaken newest = Must(TakeSnapshot(Context{}, *reader, 0, store));
  std::vector<Event> events;
  Step(state, {.body = newest, .wall_ms = 1'800'000'000'000}, events);
  Must(ledger.Append(Context{}, state.incarnation, events));
}

/// As gc does it: block by block, and then what is left written anew.
void PrintCut(const std::string& path, uint64_t last_event) {
  const auto mib = [&path] {
    struct stat info{};
    CHECK(::stat(path.c_str(), &info) == 0);
    return static_cast<double>(info.st_size) / (1 << 20);
  };
  auto log = Must(OpenOwned(path));
  const double before = mib();
  const Stopwatch watch;
  double shrinking = 0;  // of the last call, which gives the disk back
  for (size_t deleted = kBlocksPerSweep; deleted == kBlocksPerSweep;) {
    const Stopwatch call;
    deleted = Must(log->Truncate(Context{}, 0, last_event - kEventsLeft, kBlocksPerSweep));
    shrinking = call.Cpu();
  }
  const double all = watch.Cpu();
  log.reset();
  std::printf("| cutting the log to its last %llu events, CPU s | %.2f | | |\n",
              static_cast<unsigned long long>(kEventsLeft), all);
  std::printf("| of it giving the disk back, CPU s | %.3f | | |\n", shrinking);
  std::printf("| the file before and after, MiB | %.1f, %.1f | | |\n", before, mib());
}

}  // namespace

int Main() {
  const ScratchFolder scratch;
  const std::string path = scratch.path() + "/ledger.sqlite3";
  const std::string blobs = scratch.path() + "/blobs";
  const auto store = Must(localfs::OpenObjectStore(blobs));
  uint64_t missions = 0;
  uint64_t blocks = 0;
  SnapshotTaken taken;
  Spent taking;
  ShardState expected;
  {
    memory::MemoryEventLog memory_log;
    History history(memory_log);
    for (; history.events() < kEvents; ++missions) {
      history.RunMission();
      if (taken.sequence > 0 || history.events() < kEvents - kSnapshotEvents) continue;
      const Stopwatch watch;
      taken = Must(StoreSnapshot(Context{}, *store, 0, history.state(), history.hash()));
      taking = {watch.Wall(), watch.Cpu()};
      history.Record(taken);
    }
    blocks = history.blocks();
    expected = history.state();
    StoreAll(memory_log, path);
  }
  auto log = Must(sqlite::OpenEventLog({.path = path, .read_only = true}));
  std::vector<double> replay, decode;
  for (int round = 0; round < kRounds; ++round) {
    ShardState state;
    {
      const Stopwatch watch;
      ChainReader reader(0);
      Must(reader.Read(Context{}, *log, [&](const Event& e) { return Fold(state, e); }));
      replay.push_back(watch.Cpu() * 1e6 / state.sequence);
    }
    CHECK(state == expected);
    const Stopwatch watch;
    ChainReader reader(0);
    Must(reader.Read(Context{}, *log, [](const Event&) { return absl::OkStatus(); }));
    decode.push_back(watch.Cpu() * 1e6 / expected.sequence);
  }
  const double total = RangeOf(replay).median;
  std::printf(
      "A ledger of %llu events in %llu blocks: %llu missions of two faults each, from request to "
      "delivered branch, every one with a refuted claim and a lost lease. CPU of replay (block "
      "read from the SQLite file, chain checked, decompressed, decoded, folded); the folded state "
      "equals the one that "
      "wrote it. Medians of %d rounds.\n\n",
      static_cast<unsigned long long>(expected.sequence), static_cast<unsigned long long>(blocks),
      static_cast<unsigned long long>(missions), kRounds);
  std::printf("| What | Measured | Target | Ratio |\n|---|---|---|---|\n");
  std::printf("| CPU s for 1 M events, replay and fold | %.2f | <= 2.5 | |\n", total);
  std::printf("| of it reading and decoding | %.2f | | |\n", RangeOf(decode).median);
  std::printf("| of it the fold | %.2f | | |\n", total - RangeOf(decode).median);
  std::printf("| events/s | %.0f | | |\n", 1e6 / total);
  log.reset();
  const Stopwatch check;
  Must(sqlite::CheckLedgerFile(path));
  std::printf("| the whole check of the database (doctor), CPU s | %.2f | | |\n", check.Cpu());
  PrintSnapshot(taken, taking, *store);
  PrintRestarts("without a snapshot", path, "", *store, "");
  PrintRestarts("the snapshot 50,000 events behind", path, blobs, *store, "<= 1");
  TakeNewSnapshot(path, *store);
  PrintRestarts("a new snapshot", path, blobs, *store, "0.3 typical");
  PrintCut(path, expected.sequence);
  return 0;
}

}  // namespace coditect::bench

int main(int argc, char** argv) {
  const bool restart = argc == 4 && std::string_view(argv[1]) == "restart";
  return restart ? coditect::bench::RestartMain(argv[2], argv[3]) : coditect::bench::Main();
}
