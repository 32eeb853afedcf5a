// Snapshots: whatever is damaged, missing or of another build, the state is that of the events.
#include "src/task_queue/snapshot.h"

#include <doctest/doctest.h>

#include "src/adapters/memory/event_log.h"
#include "src/adapters/memory/object_store.h"
#include "src/domain/state.h"
#include "src/task_queue/history.h"
#include "src/task_queue/step.h"
#include "src/wire/codec.h"

namespace coditect {
namespace {

/// The log of the bench, for a ledger that opens and closes it.
class SharedLog final : public EventLog {
 public:
  explicit SharedLog(EventLog& log) : log_(log) {}
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

/// A ledger of missions that are requested, followed for a while and stopped.
class History {
 public:
  History() : ledger_([this] { return std::make_unique<SharedLog>(log); }, 0, "test", &store) {
    REQUIRE(ledger_.Restore(ctx, state).ok());
    Post("", ShardOpened{.incarnation = 1, .build_id = "test", .host_id = "test"});
  }

  void Post(const MissionId& id, EventBody fact) {
    std::vector<Event> events;
    Step(state, {.mission_id = id, .body = std::move(fact), .wall_ms = wall_ms}, events);
    REQUIRE(ledger_.Append(ctx, state.incarnation, events).ok());
  }

  MissionId AddMission() {
    MissionRequest request;
    request.request_id = StrCat(1000 + ++missions_, "aaaaaaaaaaaa");
    request.goal = "make the tests pass";
    Post("", MissionRequested{.request = request});
    const MissionId id = state.request_ids.at(request.request_id);
    Post(id, ClientAttached{.client_id = "c"});
    Post(id, StopRequested{.principal = "p", .reason = "enough"});
    Post(id, ClientDetached{.client_id = "c"});
    return id;
  }

  SnapshotTaken Snapshot() {
    auto taken = TakeSnapshot(ctx, log, 0, store);
    REQUIRE_MESSAGE(taken.ok(), Message(taken.status()));
    Post("", *taken);
    return *taken;
  }

  void Truncate(uint64_t before, int64_t keep_wall_ms) {
    auto truncated =
        ArchiveLog(ctx, log, 0, store, state.truncated,
                   {.before = before, .keep_wall_ms = keep_wall_ms, .keep_sequence = UINT64_MAX});
    REQUIRE_MESSAGE(truncated.ok(), Message(truncated.status()));
    Post("", *truncated);
    while (*ledger_.Truncate(ctx, state.truncated.before, 2) > 0) continue;
  }

  /// What a restart makes of it.
  StatusOr<RestoreReport> Restart(ShardState& restored) {
    ChainReader reader(0);
    ASSIGN_OR_RETURN(auto report, RestoreState(ctx, log, &store, reader, restored));
    RETURN_IF_ERROR(reader.Read(ctx, log, [&](const Event& e) { return Fold(restored, e); }));
    return report;
  }

  RestoreReport MustRestart() {
    ShardState restored;
    auto report = Restart(restored);
    REQUIRE_MESSAGE(report.ok(), Message(report.status()));
    REQUIRE(restored == state);
    return *report;
  }

  void Lose(const BlobId& blob) { REQUIRE(*store.Delete(ctx, blob, INT64_MAX)); }

  std::vector<uint64_t> Sequences() {
    std::vector<uint64_t> seen;
    const Status read = ReadHistory(ctx, log, 0, store, state.truncated, [&](const Event& event) {
      seen.push_back(event.sequence);
      return absl::OkStatus();
    });
    REQUIRE_MESSAGE(read.ok(), Message(read));
    return seen;
  }

  const Context ctx;
  memory::MemoryEventLog log;
  memory::MemoryObjectStore store;
  ShardState state;
  int64_t wall_ms = 1'800'000'000'000;

 private:
  Ledger ledger_;
  int missions_ = 0;
};

}  // namespace

TEST_CASE("ARestartFoldsOnlyWhatFollowsTheNewestSnapshot") {
  History history;
  history.AddMission();
  CHECK_EQ(history.MustRestart().snapshot_sequence, 0);
  history.Snapshot();
  history.AddMission();
  const SnapshotTaken second = history.Snapshot();
  history.AddMission();
  const RestoreReport report = history.MustRestart();
  CHECK_EQ(report.snapshot_sequence, second.sequence);
  CHECK(report.refused.empty());
}

TEST_CASE("ASnapshotThatIsLostFallsBackToTheOneBeforeAndThenToTheEvents") {
  History history;
  history.AddMission();
  const SnapshotTaken first = history.Snapshot();
  history.AddMission();
  const SnapshotTaken second = history.Snapshot();
  history.AddMission();
  history.Lose(second.snapshot);
  RestoreReport report = history.MustRestart();
  CHECK_EQ(report.snapshot_sequence, first.sequence);
  CHECK_EQ(report.refused.size(), 1);
  history.Lose(first.snapshot);
  report = history.MustRestart();
  CHECK_EQ(report.snapshot_sequence, 0);
  CHECK_EQ(report.refused.size(), 2);
}

TEST_CASE("ASnapshotOfAnotherPlaceOrBuildIsPassedOver") {
  History history;
  history.AddMission();
  const auto good = TakeSnapshot(history.ctx, history.log, 0, history.store);
  REQUIRE(good.ok());
  for (const auto& change : std::vector<std::function<void(SnapshotTaken&)>>{
           [](SnapshotTaken& taken) { taken.chain_hash[0] ^= 1; },
           [](SnapshotTaken& taken) { taken.sequence -= 1; },
           [](SnapshotTaken& taken) { taken.state_format += 1; },
           [&](SnapshotTaken& taken) {
             taken.snapshot = *history.store.Put(history.ctx, "\x01");
           }}) {
    SnapshotTaken bad = *good;
    change(bad);
    history.Post("", bad);
    const RestoreReport report = history.MustRestart();
    CHECK_EQ(report.snapshot_sequence, 0);
    CHECK_FALSE(report.refused.empty());
    history.AddMission();
  }
}

TEST_CASE("NothingNewIsNoReasonForASnapshot") {
  History history;
  history.AddMission();
  history.Snapshot();
  CHECK(absl::IsAborted(TakeSnapshot(history.ctx, history.log, 0, history.store).status()));
}

TEST_CASE("ATruncatedLogAndItsArchiveAreStillEveryEvent") {
  History history;
  for (int i = 0; i < 5; ++i) history.AddMission();
  const SnapshotTaken first = history.Snapshot();
  history.AddMission();
  history.Snapshot();
  history.Truncate(first.sequence + 1, INT64_MIN);
  CHECK_EQ(history.log.Read(history.ctx, 0, 0, 1)->front().first_sequence, first.sequence + 1);
  CHECK_EQ(history.Sequences().size(), history.state.sequence);
  CHECK_EQ(history.state.truncated.kept_from, 1);
  history.MustRestart();
  // Again, further on: one archive.
  history.AddMission();
  history.Snapshot();
  history.Truncate(history.state.snapshots.front().sequence + 1, INT64_MIN);
  CHECK_EQ(history.Sequences().size(), history.state.sequence);
  // Even with every snapshot gone.
  for (const SnapshotTaken& taken : std::vector(history.state.snapshots)) {
    history.Lose(taken.snapshot);
  }
  CHECK_EQ(history.MustRestart().snapshot_sequence, 0);
}

TEST_CASE("WhatIsOlderThanTheRetentionIsNotArchivedAndTheChainStillHolds") {
  History history;
  history.AddMission();
  history.wall_ms += 1000;
  const uint64_t old_end = history.state.sequence;
  history.AddMission();
  const SnapshotTaken first = history.Snapshot();
  history.AddMission();
  const SnapshotTaken second = history.Snapshot();
  ArchivePlan plan{
      .before = first.sequence + 1, .keep_wall_ms = history.wall_ms, .keep_sequence = UINT64_MAX};
  const auto truncated =
      ArchiveLog(history.ctx, history.log, 0, history.store, history.state.truncated, plan);
  REQUIRE(truncated.ok());
  CHECK_EQ(truncated->kept_from, old_end + 1);
  history.Truncate(first.sequence + 1, history.wall_ms);
  CHECK_EQ(history.Sequences().front(), old_end + 1);
  CHECK_EQ(history.Sequences().back(), history.state.sequence);
  history.MustRestart();
  // Later the archive's turn comes too.
  history.wall_ms += 1000;
  history.Truncate(first.sequence + 1, history.wall_ms);
  CHECK(history.state.truncated.archive.empty());
  CHECK_EQ(history.Sequences().front(), first.sequence + 1);
  // An archive begun anew goes on where the old one ended.
  history.AddMission();
  const SnapshotTaken third = history.Snapshot();
  history.Truncate(second.sequence + 1, INT64_MIN);
  CHECK_EQ(history.state.truncated.kept_from, first.sequence + 1);
  CHECK_EQ(history.Sequences().front(), first.sequence + 1);
  CHECK_EQ(history.Sequences().back(), history.state.sequence);
  history.MustRestart();
  // Without a snapshot nothing leads to the state any more, and that is said.
  history.Lose(second.snapshot);
  history.Lose(third.snapshot);
  ShardState restored;
  const Status lost = history.Restart(restored).status();
  CHECK(absl::IsDataLoss(lost));
  CHECK(Contains(Message(lost), StrCat("begins at event ", second.sequence + 1)));
}

TEST_CASE("ATruncationThatNoSnapshotCoversChangesNothing") {
  History history;
  history.AddMission();
  const SnapshotTaken first = history.Snapshot();
  const ShardState before = history.state;
  for (const uint64_t at : {uint64_t{0}, first.sequence + 2, uint64_t{1} << 40}) {
    history.Post("", LogTruncated{.before = at, .chain_hash = "00", .kept_from = at});
    CHECK(history.state.truncated == before.truncated);
  }
  CHECK_EQ(history.Sequences().size(), history.state.sequence);
}

TEST_CASE("AForgottenMissionKeepsItsNameAndItsRequestForAYear") {
  History history;
  const MissionId id = history.AddMission();
  const MissionRequest request = history.state.Find(id)->request;
  const int64_t ended = history.state.Find(id)->ended_wall_ms;
  history.Post(id, MissionForgotten{.ended_wall_ms = ended - 1});
  REQUIRE(history.state.Find(id) != nullptr);  // another end than the one that was seen
  history.Post(id, MissionForgotten{.ended_wall_ms = ended});
  CHECK(history.state.Find(id) == nullptr);
  const uint64_t before = history.state.sequence;
  history.Post("", MissionRequested{.request = request});
  CHECK_EQ(history.state.sequence, before + 1);  // no second mission (I2)
  CHECK(history.state.missions.empty());
  CHECK_EQ(history.state.request_ids.at(request.request_id), id);
  history.Snapshot();
  history.MustRestart();
  // After that time the record goes with the next mission that is forgotten.
  history.wall_ms += kForgottenKeptMs + 1;
  const MissionId other = history.AddMission();
  history.Post(other, MissionForgotten{.ended_wall_ms = history.state.Find(other)->ended_wall_ms});
  CHECK_FALSE(history.state.forgotten.contains(id));
  CHECK_FALSE(history.state.request_ids.contains(request.request_id));
  history.Post("", MissionRequested{.request = request});
  CHECK_EQ(history.state.missions.size(), 1);
}

TEST_CASE("AMissionThatIsNotOverIsNotForgotten") {
  History history;
  const MissionId id = history.AddMission();
  history.Post(id, ClientAttached{.client_id = "c"});
  const auto forget = [&] {
    history.Post(id, MissionForgotten{.ended_wall_ms = history.state.Find(id)->ended_wall_ms});
    return history.state.Find(id) == nullptr;
  };
  CHECK_FALSE(forget());  // somebody follows it
  history.Post(id, ResumeRequested{.principal = "p"});
  CHECK_FALSE(forget());  // it runs
  history.Post(id, ClientDetached{.client_id = "c"});
  REQUIRE_EQ(history.state.Find(id)->status, MissionStatus::kInterrupted);
  CHECK_FALSE(forget());  // it will go on
  history.Post(id, StopRequested{.principal = "p"});
  CHECK(forget());
}

TEST_CASE("EveryMemberOfAMissionIsInItsSnapshot") {
  // A new member does not compile here: give it a line in Fields, and in snapshot.proto.
  const auto members = [](const MissionState& mission, const TaskState& task,
                          const LeaseState& lease, const ShardState& state) {
    [[maybe_unused]] const auto& [id, request, status, outcome, reason, accepted, requested, ended,
                                  tasks, version, plan_index, released, caps, team, ready, ready_of,
                                  leased, leased_total, rank, baseline, verdicts, approvals, tip,
                                  tip_tree, previous, merged, branch, commit, branch_old,
                                  branch_tree, partial, allowed, reserved, used, usage, violations,
                                  refused, refused_reason, clients] = mission;
    [[maybe_unused]] const auto& [spec, plan, task_status, attempts, voids, excluded, task_lease,
                                  reported, result, spent, why, dependents] = task;
    [[maybe_unused]] const auto& [epoch, host, agent, action, attempt, tests, wall, started] =
        lease;
    [[maybe_unused]] const auto& [sequence, wall_ms, incarnation, hosts, missions, asked, ids,
                                  forgotten, snapshots, truncated, experience, running, schedulable,
                                  wanted] = state;
    return missions.size() + tasks.size();
  };
  CHECK_EQ(members({}, {}, {}, {}), 0);
}

}  // namespace coditect
