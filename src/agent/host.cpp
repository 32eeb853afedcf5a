// An agent host.
#include "src/agent/host.h"

#include <algorithm>
#include <thread>
#include <utility>
#include <vector>

#include "src/agent/lifecycle.h"

namespace coditect {
namespace {

constexpr std::chrono::milliseconds kReportRetry{200};
constexpr std::chrono::milliseconds kReportTimeout{30'000};

StatusOr<Work> Perform(const Lease& lease) {
  const std::string& action = lease.wanted.action.name;
  if (action == "observe") return Observe(lease);
  if (action == "localize") return Localize(lease);
  if (action == "plan") return MakePlan(lease);
  if (action == "repair") return Repair(lease);
  if (action == "adopt") return Adopt(lease);
  if (action == "verify") return Verify(lease);
  if (action == "merge") return Merge(lease);
  if (action == "integrate") return Integrate(lease);
  if (action == "deliver") return Deliver(lease);
  return InvalidArgument("no agent knows the action '", EscapeForTerminal(action), "'");
}

std::string LeaseName(const WantedLease& wanted) {
  return StrCat(wanted.task_id.ToString(), ' ', wanted.epoch.ToString());
}

}  // namespace

AgentHost::AgentHost(Options options, const HostServices& services, TaskQueueService& queue)
    : options_(std::move(options)),
      services_(services),
      queue_(queue),
      // A lease that was revoked may still be dying while its successor starts.
      work_({.name = "work", .threads = static_cast<int>(options_.slots) * 2, .queue_max = 4096}),
      control_({.name = "control", .threads = 1, .queue_max = 64}) {}

void AgentHost::Stop() {
  std::map<LeaseKey, Running> running;
  {
    MutexLock lock(mutex_);
    stopping_ = true;
    running = running_;
  }
  for (auto& [key, lease] : running) lease.cancel.Cancel();
  control_.Stop();
  work_.Stop();
  MutexLock lock(mutex_);
  missions_.clear();
}

void AgentHost::SetWanted(std::shared_ptr<const WantedSet> wanted) {
  MutexLock lock(mutex_);
  if (stopping_ || (wanted_ != nullptr && wanted_->sequence > wanted->sequence)) return;
  wanted_ = std::move(wanted);
  if (reconcile_posted_) return;
  reconcile_posted_ = control_.Post([this] { Reconcile(); }).ok();
}

void AgentHost::ForgetMission(const MissionId& mission_id) {
  (void)control_.Post([this, mission_id] {
    std::shared_ptr<MissionResources>
        released;  // its destructor removes a folder: not under the lock
    MutexLock lock(mutex_);
    const auto found = missions_.find(mission_id);
    if (found == missions_.end()) return;
    released = std::move(found->second);
    missions_.erase(found);
  });
}

void AgentHost::EmergencyStop() {
  services_.sandbox.EmergencyStop();
  std::map<LeaseKey, Running> running;
  {
    MutexLock lock(mutex_);
    emergency_ = true;
    running = running_;
  }
  for (auto& [key, lease] : running) lease.cancel.Cancel();
}

void AgentHost::ClearEmergency() {
  services_.sandbox.Resume();
  MutexLock lock(mutex_);
  emergency_ = false;
  if (!reconcile_posted_) reconcile_posted_ = control_.Post([this] { Reconcile(); }).ok();
}

void AgentHost::Reconcile() {
  std::vector<CancelToken> ended;
  std::vector<WantedLease> started;
  {
    MutexLock lock(mutex_);
    reconcile_posted_ = false;
    if (wanted_ == nullptr || stopping_) return;
    std::map<LeaseKey, const WantedLease*> wanted;
    for (const auto& lease : wanted_->leases) {
      wanted[{lease->mission_id, LeaseName(*lease)}] = lease.get();
    }
    for (const auto& [key, running] : running_) {
      if (!wanted.contains(key)) ended.push_back(running.cancel);
    }
    for (const auto& [key, lease] : wanted) {
      if (!emergency_ && !running_.contains(key)) started.push_back(*lease);
    }
  }
  for (const CancelToken& cancel : ended) cancel.Cancel();
  for (const WantedLease& lease : started) Start(lease);
}

void AgentHost::Start(const WantedLease& wanted) {
  CancelToken cancel;
  const LeaseKey key{wanted.mission_id, LeaseName(wanted)};
  {
    MutexLock lock(mutex_);
    if (stopping_ || emergency_) return;
    running_.emplace(key, Running{wanted, cancel});
  }
  const Status posted = work_.Post([this, wanted, cancel, key] {
    RunLease(wanted, cancel);
    MutexLock lock(mutex_);
    running_.erase(key);
  });
  if (posted.ok()) return;
  MutexLock lock(mutex_);
  running_.erase(key);  // the next wanted set starts it again
}

std::shared_ptr<MissionResources> AgentHost::ResourcesOf(const WantedLease& wanted) {
  MutexLock lock(mutex_);
  auto& resources = missions_[wanted.mission_id];
  const auto base = [](const MissionRequest& request) { return request.repository.base_commit; };
  // What was mended so far may have become the base; leases of the old one keep theirs.
  if (resources == nullptr || base(resources->request()) != base(*wanted.request)) {
    resources = std::make_shared<MissionResources>(wanted.mission_id, wanted.request, services_);
  }
  return resources;
}

// The reflex loop of sdd 2.3: an emergency ends the work from outside (the context is cancelled and
// the sandbox dead before this thread notices); normal processing walks the lifecycle.
void AgentHost::RunLease(const WantedLease& wanted, const CancelToken& cancel) {
  const std::shared_ptr<MissionResources> resources = ResourcesOf(wanted);
  UsageMeter meter;
  Lease lease{
      .ctx = {}, .wanted = wanted, .mission = *resources, .services = services_, .meter = &meter};
  lease.ctx.cancel = cancel;
  lease.ctx.trace_id = wanted.request->trace_id;
  AgentLifecycle lifecycle([&](AgentState from, AgentState to) {
    lease.Act(
        "LIFECYCLE", 0,
        {{"from", std::string(AgentStateName(from))}, {"to", std::string(AgentStateName(to))}});
  });
  const auto move = [&](AgentState to) { (void)lifecycle.MoveTo(to); };
  move(AgentState::kReceiveTask);
  const Status started = Announce(lease);
  StatusOr<Work> work = started.ok() ? Cancelled("the lease is over") : started;
  if (started.ok()) move(AgentState::kPlan);
  if (started.ok() && !cancel.cancelled()) {
    move(AgentState::kExecute);
    work = Perform(lease);
  }
  if (cancel.cancelled()) {
    if (work.ok()) meter.Add(work->result.usage);
    TellSpent(wanted, meter.Read());
    move(AgentState::kStopped);
    move(AgentState::kIdle);
    return;
  }
  if (!work.ok()) {
    lease.Act("AGENT_ERROR", 0, {{"message", Message(work.status())}});
    move(AgentState::kError);
  } else {
    move(AgentState::kReport);
  }
  if (!Report(lease, std::move(work))) move(AgentState::kStopped);
  move(AgentState::kIdle);
}

// Nobody waits for it, and without an answer of the ledger it is lost: it is only what to tell.
void AgentHost::TellSpent(const WantedLease& wanted, const Usage& usage) {
  if (usage == Usage{}) return;
  queue_
      .LeaseSpent(wanted.mission_id,
                  {.task_id = wanted.task_id, .epoch = wanted.epoch, .usage = usage})
      .IgnoreError();
}

// Until it is durable or the lease ends: that the ledger cannot be written now is no failed
// attempt.
Status AgentHost::Announce(const Lease& lease) {
  for (;;) {
    const Status started =
        queue_.LeaseStarted(lease.ctx.WithTimeout(kReportTimeout), lease.wanted.mission_id,
                            {.task_id = lease.wanted.task_id,
                             .epoch = lease.wanted.epoch,
                             .agent_id = lease.wanted.agent_id});
    const bool again = absl::IsUnavailable(started) || absl::IsResourceExhausted(started) ||
                       absl::IsDeadlineExceeded(started);
    if (!again || lease.ctx.cancel.cancelled()) return started;
    lease.Pause(kReportRetry);
  }
}

// Until it is durable or the lease ends: a result is never dropped. False when the lease ended.
bool AgentHost::Report(const Lease& lease, StatusOr<Work> work) {
  Work report;
  if (work.ok()) {
    report = *std::move(work);
  } else {
    report.result = lease.NewResult(ResultOutcome::kError, Message(work.status()));
    if (lease.meter != nullptr) report.result.usage = lease.meter->Read();
  }
  while (!lease.ctx.cancel.cancelled()) {
    const auto ack = queue_.ReportResult(lease.ctx.WithTimeout(kReportTimeout),
                                         lease.wanted.mission_id, report.result, report.drafts);
    if (ack.ok()) {
      lease.Act("RESULT", report.result.usage.wall_ms,
                {{"outcome", std::string(EnumName(report.result.outcome))},
                 {"accepted", ack->accepted ? "true" : "false"},
                 {"reason", ack->reason.empty() ? report.result.reason : ack->reason}});
      return true;
    }
    if (absl::IsInvalidArgument(ack.status())) {  // too large to be recorded: say so instead
      report.drafts.clear();
      report.result = lease.NewResult(ResultOutcome::kError, Message(ack.status()));
    }
    lease.Pause(kReportRetry);
  }
  return false;
}

}  // namespace coditect
