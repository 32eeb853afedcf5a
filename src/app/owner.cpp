// The owner of the ledger.
#include "src/app/owner.h"

#include <algorithm>
#include <utility>

#include "src/app/ledger_tail.h"
#include "src/app/owner_lock.h"
#include "src/base/file.h"
#include "src/base/random.h"

namespace coditect {

StatusOr<std::unique_ptr<Owner>> Owner::Start(const Context& ctx, const StatePaths& paths,
                                              const OwnerOptions& options, const Clock& clock) {
  RETURN_IF_ERROR(MakeStateFolders(paths));
  std::unique_ptr<Owner> owner(new Owner(paths, options, clock));
  ASSIGN_OR_RETURN(owner->lock_, TakeOwnerLock(paths.lock));
  const Status opened = owner->Open(ctx);
  if (absl::IsUnavailable(opened)) {  // which here is not "somebody else owns it"
    return Internal(Message(opened), "; the disk below ", paths.state,
                    " fails: check it (dmesg), then try again");
  }
  RETURN_IF_ERROR(opened);
  return owner;
}

Status Owner::OpenServices(const Context& ctx) {
  sandbox_ = std::make_unique<TieredSandbox>(
      [this](const std::string& tier) { return MakeSandbox(paths_, tier, options_.workspace); });
  RETURN_IF_ERROR(sandbox_->Sweep(ctx));
  // Nobody else is alive to use them: we hold the lock.
  ASSIGN_OR_RETURN(const auto left_behind, ListDir(paths_.work));
  for (const std::string& name : left_behind) {
    if (name.starts_with("base-")) RETURN_IF_ERROR(RemoveTree(JoinPath(paths_.work, name)));
  }
  ASSIGN_OR_RETURN(harness_, MakeHarness(paths_));
  ASSIGN_OR_RETURN(blobs_, OpenBlobs(paths_));
  return absl::OkStatus();
}

Status Owner::Open(const Context& ctx) {
  RETURN_IF_ERROR(OpenServices(ctx));
  const HostId host_id = RandomHex(16);
  ASSIGN_OR_RETURN(auto bus, OpenTelemetry(paths_, host_id, /*read_only=*/false, clock_));
  bus_ = std::make_unique<ProgressBus>(std::move(bus));
  TaskQueue::Options options;
  options.build_id = BuildId();
  options.owner_id = host_id;
  options.sync_interval = options_.sync_interval;
  options.planning_interval = options_.planning_interval;
  options.snapshots = blobs_.get();
  queue_ = std::make_unique<TaskQueue>(
      std::move(options), [this] { return OpenLedgerFile(paths_, /*read_only=*/false); },
      orchestrator_, clock_);
  const Status opened = queue_->Open(ctx);
  if (!opened.ok()) return ExplainLedgerError(opened, paths_);
  const HostServices services{.sandbox = *sandbox_,
                              .harness = *harness_,
                              .blobs = *blobs_,
                              .bus = *bus_,
                              .orchestrator = orchestrator_,
                              .clock = clock_,
                              .work_folder = paths_.work,
                              .open_repository =
                                  [this](const Context& open_ctx, const MissionRequest& request) {
                                    return OpenMissionRepository(open_ctx, paths_, request);
                                  },
                              .open_delivery =
                                  [this](const Context& open_ctx, const MissionRequest& request) {
                                    return OpenMissionDelivery(open_ctx, paths_,
                                                               request.repository);
                                  }};
  host_ = std::make_unique<AgentHost>(
      AgentHost::Options{.host_id = host_id, .slots = options_.slots}, services, *queue_);
  ASSIGN_OR_RETURN(server_, Server::Start(paths_.socket, *queue_));
  TellOfRefusedSnapshots(host_id);
  snapshotter_ = std::make_unique<Snapshotter>(
      0, options_.snapshot_events, [this] { return OpenLedgerFile(paths_, /*read_only=*/true); },
      *blobs_,
      [this](const Context& record_ctx, const SnapshotTaken& taken) {
        return queue_->Record(record_ctx, "", taken);
      });
  queue_->AddObserver([this](std::span<const Event> events, const ShardState& state) {
    snapshotter_->Announce(state);
    server_->Announce(events.back().sequence);
    MutexLock lock(mutex_);
    sequence_ = events.back().sequence;
    news_.NotifyAll();
  });
  return queue_->JoinHost(
      ctx,
      {.host_id = host_id,
       .slots = options_.slots,
       .roles = {Role::kAnalyzer, Role::kCoder, Role::kTester, Role::kPlanner, Role::kIntegrator}},
      *host_);
}

// A restart that had to do without the newest snapshot is slower, and somebody should know why.
void Owner::TellOfRefusedSnapshots(const HostId& host_id) {
  for (const std::string& reason : queue_->restored().refused) {
    bus_->Publish({.topic = std::string(kTopicError),
                   .event_type = "SNAPSHOT_REFUSED",
                   .agent_id = "owner@" + host_id.substr(0, 8),
                   .details = {{"reason", reason}}});
  }
}

void Owner::Stop() {
  // Clients first: they must not see a queue that is going away as an answer.
  if (server_ != nullptr) server_->Stop();
  if (host_ != nullptr) host_->Stop();
  {
    MutexLock lock(reflex_mutex_);
    agents_ended_ = true;
  }
  if (snapshotter_ != nullptr) snapshotter_->Stop();
  if (queue_ != nullptr) queue_->Stop();
  bus_.reset();
  sandbox_.reset();
  lock_.Reset();
}

void Owner::EmergencyStop() {
  MutexLock lock(reflex_mutex_);
  if (!agents_ended_ && host_ != nullptr) host_->EmergencyStop();
}

void Owner::WaitForNews(uint64_t sequence, std::chrono::milliseconds timeout) {
  const auto end = std::chrono::steady_clock::now() + timeout;
  MutexLock lock(mutex_);
  while (sequence_ <= sequence && std::chrono::steady_clock::now() < end) {
    news_.WaitUntil(mutex_, end);
  }
}

}  // namespace coditect
