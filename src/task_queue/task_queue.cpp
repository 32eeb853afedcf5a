// The task queue manager of one shard.
#include "src/task_queue/task_queue.h"

#include <pthread.h>

#include <algorithm>
#include <condition_variable>
#include <tuple>
#include <utility>

#include "src/task_queue/step.h"
#include "src/wire/event_codec.h"

namespace coditect {
namespace {

constexpr size_t kFactsPerBlock = 512;
constexpr size_t kEventsPerBlockSoft = 2048;  // a block ends after the message that passes this
constexpr uint32_t kRefusedMax =
    3;  // refusals of one kind in a row before Decide is not asked again
constexpr size_t kUnrecordedMax = 1024;

/// Where a caller waits for the shard's thread.
struct Answer {
  Mutex mutex;
  CondVar changed;
  bool done ABSL_GUARDED_BY(mutex) = false;
  Status status ABSL_GUARDED_BY(mutex);
};

Status CheckSize(const EventBody& body) {
  thread_local std::string bytes;  // grown once
  bytes.clear();
  wire::AppendEventBody(bytes, body);
  if (bytes.size() <= wire::kEventBytesMax) return absl::OkStatus();
  return InvalidArgument("the event ", EventName(body), " would have ", bytes.size(),
                         " bytes, more than ", wire::kEventBytesMax);
}

TaskAck AckOf(std::span<const Event> events) {
  TaskAck ack;
  for (const Event& event : events) {
    if (std::holds_alternative<ResultReported>(event.body)) ack.sequence = event.sequence;
    if (std::holds_alternative<ResultAccepted>(event.body)) ack.accepted = true;
    if (const auto* refused = std::get_if<ResultRefused>(&event.body)) ack.reason = refused->reason;
    if (std::holds_alternative<ResultLate>(event.body)) ack.reason = "the lease was over";
  }
  return ack;
}

}  // namespace

TaskQueue::TaskQueue(Options options, Ledger::OpenLog open_log,
                     const OrchestratorService& orchestrator, const Clock& clock)
    : options_(std::move(options)),
      orchestrator_(orchestrator),
      clock_(clock),
      ledger_(std::move(open_log), options_.shard, options_.build_id, options_.snapshots) {}

Status TaskQueue::Open(const Context& ctx) {
  RETURN_IF_ERROR(Reopen(ctx));
  next_planning_ = clock_.Now() + options_.planning_interval;
  thread_ = std::thread([this] {
    ::pthread_setname_np(::pthread_self(), "shard");
    Loop();
  });
  return absl::OkStatus();
}

void TaskQueue::Stop() {
  {
    MutexLock lock(mutex_);
    stopping_ = true;
    wake_.NotifyAll();
  }
  if (thread_.joinable()) thread_.join();
  ledger_.Close();
}

void TaskQueue::AddObserver(Observer observer) {
  MutexLock lock(mutex_);
  observers_.push_back(std::move(observer));
}

Status TaskQueue::Post(Message message) {
  for (const EventBody& fact : message.facts) RETURN_IF_ERROR(CheckSize(fact));
  MutexLock lock(mutex_);
  if (stopping_) return Unavailable("the task queue is stopping");
  if (inbox_.size() >= options_.inbox_max) {
    return ResourceExhausted("the task queue's inbox is full");
  }
  inbox_.push_back(std::move(message));
  wake_.NotifyAll();
  return absl::OkStatus();
}

Status TaskQueue::PostAndWait(
    const Context& ctx, Message message,
    std::function<Status(std::span<const Event>, const ShardState&)> read) {
  auto answer = std::make_shared<Answer>();  // shared: the caller may give up before the answer
  message.done = [answer, read = std::move(read)](StatusOr<std::span<const Event>> events,
                                                  const ShardState& state) {
    MutexLock lock(answer->mutex);
    if (answer->done) return;
    answer->status = events.ok() ? read(*events, state) : events.status();
    answer->done = true;
    answer->changed.NotifyAll();
  };
  RETURN_IF_ERROR(Post(std::move(message)));
  const auto cancelled = ctx.cancel.OnCancel([answer] {
    // The callback must not block; the waiter looks again by itself.
    answer->changed.NotifyAll();
  });
  MutexLock lock(answer->mutex);
  while (!answer->done) {
    if (Status status = ctx.Check(); !status.ok()) {
      answer->done = true;  // the answer, when it comes, finds nobody
      return status;
    }
    const auto poll = std::chrono::steady_clock::now() + std::chrono::milliseconds(50);
    answer->changed.WaitUntil(answer->mutex, std::min(ctx.deadline, poll));
  }
  return answer->status;
}

StatusOr<MissionId> TaskQueue::RequestMission(const Context& ctx, const MissionRequest& request,
                                              const std::string& client_id) {
  MissionId id;
  Message message;
  message.facts.emplace_back(MissionRequested{.request = request});
  RETURN_IF_ERROR(PostAndWait(ctx, std::move(message),
                              [&](std::span<const Event>, const ShardState& state) -> Status {
                                const auto found = state.request_ids.find(request.request_id);
                                if (found == state.request_ids.end()) {
                                  return ResourceExhausted("too many active runs; stop one first");
                                }
                                id = found->second;
                                return absl::OkStatus();
                              }));
  RETURN_IF_ERROR(Control(ctx, id, MissionControl::kAttach, client_id));
  return id;
}

Status TaskQueue::Control(const Context& ctx, const MissionId& mission_id, MissionControl control,
                          const std::string& who) {
  Message message;
  message.mission_id = mission_id;
  const bool emergency = control == MissionControl::kEmergencyStop;
  if (control == MissionControl::kAttach) message.facts.emplace_back(ClientAttached{who});
  if (control == MissionControl::kDetach) message.facts.emplace_back(ClientDetached{who});
  if (control == MissionControl::kResume) message.facts.emplace_back(ResumeRequested{who});
  if (control == MissionControl::kRunPlan) message.facts.emplace_back(PlanRunRequested{who});
  if (control == MissionControl::kStop || emergency) {
    message.facts.emplace_back(StopRequested{
        .principal = who, .emergency = emergency, .reason = StrCat("stopped by ", who)});
  }
  std::map<HostId, AgentService*> halted;
  if (emergency) halted = Hosts();
  for (const auto& [id, host] : halted) host->EmergencyStop();  // kill first, record later
  if (emergency) {
    message.recorded = [halted] {
      for (const auto& [id, host] : halted) host->ClearEmergency();
    };
  }
  return PostAndWait(ctx, std::move(message),
                     [&](std::span<const Event> events, const ShardState& state) -> Status {
                       if (state.forgotten.contains(mission_id)) {
                         return NotFound("the run ", mission_id,
                                         " was forgotten: its retention is over");
                       }
                       if (state.Find(mission_id) == nullptr || events.empty()) {
                         return NotFound("there is no run ", mission_id);
                       }
                       return absl::OkStatus();
                     });
}

Status TaskQueue::AnswerApproval(const Context& ctx, const MissionId& mission_id,
                                 const ApprovalAnswered& answer) {
  Message message;
  message.mission_id = mission_id;
  message.facts.emplace_back(answer);
  return PostAndWait(
      ctx, std::move(message), [&](std::span<const Event> events, const ShardState&) -> Status {
        const bool counts = std::ranges::any_of(events, [](const Event& event) {
          return std::holds_alternative<ApprovalSettled>(event.body);
        });
        if (counts) return absl::OkStatus();
        return FailedPrecondition("run ", mission_id, " does not wait for approval ",
                                  answer.approval_id,
                                  " of that digest any more; `coditect inbox` says what is open");
      });
}

Status TaskQueue::Propose(const Context& ctx, const MissionId& mission_id,
                          const std::vector<TaskPlanned>& tasks, const Proposal& proposal) {
  Message message;
  message.mission_id = mission_id;
  for (const TaskPlanned& task : tasks) message.facts.emplace_back(task);
  message.facts.emplace_back(ProposalSubmitted{.proposal = proposal});
  return PostAndWait(ctx, std::move(message),
                     [](std::span<const Event> events, const ShardState&) -> Status {
                       for (const Event& event : events) {
                         if (const auto* refused = std::get_if<ProposalRefused>(&event.body)) {
                           return FailedPrecondition(refused->reason);
                         }
                       }
                       return absl::OkStatus();
                     });
}

Status TaskQueue::LeaseStarted(const Context& ctx, const MissionId& mission_id,
                               const coditect::LeaseStarted& started) {
  Message message;
  message.mission_id = mission_id;
  message.facts.emplace_back(started);
  return PostAndWait(ctx, std::move(message),
                     [](std::span<const Event>, const ShardState&) { return absl::OkStatus(); });
}

Status TaskQueue::LeaseSpent(const MissionId& mission_id, const coditect::LeaseSpent& spent) {
  Message message;
  message.mission_id = mission_id;
  message.facts.emplace_back(spent);
  return Post(std::move(message));
}

StatusOr<TaskAck> TaskQueue::ReportResult(const Context& ctx, const MissionId& mission_id,
                                          const TaskResult& result,
                                          const std::vector<TaskPlanned>& drafts) {
  TaskAck ack;
  RETURN_IF_ERROR(PostAndWait(ctx, ResultMessage(mission_id, result, drafts),
                              [&](std::span<const Event> events, const ShardState&) {
                                ack = AckOf(events);
                                return absl::OkStatus();
                              }));
  return ack;
}

Status TaskQueue::PostResult(const MissionId& mission_id, TaskResult result,
                             std::vector<TaskPlanned> drafts,
                             std::function<void(StatusOr<TaskAck>)> done) {
  Message message = ResultMessage(mission_id, std::move(result), std::move(drafts));
  message.done = [done = std::move(done)](StatusOr<std::span<const Event>> events,
                                          const ShardState&) {
    if (events.ok()) {
      done(AckOf(*events));
    } else {
      done(events.status());
    }
  };
  return Post(std::move(message));
}

TaskQueue::Message TaskQueue::ResultMessage(const MissionId& mission_id, TaskResult result,
                                            std::vector<TaskPlanned> drafts) {
  Message message;
  message.mission_id = mission_id;
  message.facts.reserve(drafts.size() + 1);
  for (TaskPlanned& draft : drafts) message.facts.emplace_back(std::move(draft));
  message.facts.emplace_back(ResultReported{.result = std::move(result)});
  return message;
}

Status TaskQueue::JoinHost(const Context& ctx, const HostJoined& joined, AgentService& host) {
  {
    MutexLock lock(mutex_);
    hosts_[joined.host_id] = &host;
  }
  Message message;
  message.facts.emplace_back(joined);
  return PostAndWait(ctx, std::move(message),
                     [](std::span<const Event>, const ShardState&) { return absl::OkStatus(); });
}

void TaskQueue::Loop() {
  for (;;) {
    std::vector<Message> messages = TakeInbox();
    if (messages.empty()) return;
    RunCycle(std::move(messages));
  }
}

// Waits for something to do. Empty = stop.
std::vector<TaskQueue::Message> TaskQueue::TakeInbox() {
  for (;;) {
    MonotonicTime next = clock_.Now() + std::chrono::hours(1);
    // What stopped recording may be over without anybody asking again: a full disk, for example.
    if (!healthy_ && !Recover(Context().WithTimeout(kWriteTimeout)).ok()) next = next_reopen_;
    std::vector<Message> messages;
    if (healthy_) {
      messages.swap(unrecorded_);
      for (Message& message : DueTimers()) messages.push_back(std::move(message));
      for (const auto& [id, due] : timers_) next = std::min(next, due);
      if (options_.planning_interval.count() > 0) next = std::min(next, next_planning_);
      if (Reconcile()) next = std::min(next, next_tick_);
      if (SweepLog()) next = clock_.Now();
    }
    MutexLock lock(mutex_);
    // What was accepted before the stop is recorded; nothing is accepted after it.
    const bool done = inbox_.empty() && messages.empty();
    if (stopping_ && (done || !healthy_)) return {};
    if (done) wake_.WaitUntil(mutex_, next);
    if (stopping_ && inbox_.empty()) return {};
    while (!inbox_.empty() && messages.size() < kFactsPerBlock) {
      messages.push_back(std::move(inbox_.front()));
      inbox_.pop_front();
    }
    if (!messages.empty()) return messages;
  }
}

// The safety sweep: a proposal or a wanted set that was lost on its way is sent again. True while
// there is anything to reconcile, so that an idle queue sleeps.
bool TaskQueue::Reconcile() {
  std::set<MissionId> stuck;
  const bool active = !state_.running.empty();
  for (const MissionId& id : state_.running) {
    if (state_.Find(id)->leased_total == 0) stuck.insert(id);
  }
  const MonotonicTime now = clock_.Now();
  if (!active || now < next_tick_) return active;
  next_tick_ = now + options_.sync_interval;
  PublishWanted();
  ProposeNext(stuck);
  return true;
}

void TaskQueue::RunCycle(std::vector<Message> messages) {
  Context ctx;
  ctx = ctx.WithTimeout(kWriteTimeout);
  if (!healthy_) {
    if (Status status = Recover(ctx); !status.ok()) {
      for (Message& message : messages) Refuse(std::move(message), status);
      return;
    }
  }
  size_t taken = 0;
  while (taken < messages.size()) {
    std::vector<Event>& events = events_;
    events.clear();
    std::vector<Pending> pending;
    pending.reserve(messages.size());
    const int64_t wall_ms = WallMs();
    for (; taken < messages.size() && events.size() < kEventsPerBlockSoft; ++taken) {
      Pending& entry = pending.emplace_back();
      entry.message = std::move(messages[taken]);
      entry.first = events.size();
      const MissionId& id = entry.message.mission_id;
      if (id.empty() || state_.Find(id) != nullptr) {
        const bool keep = entry.message.recorded != nullptr;
        for (EventBody& fact : entry.message.facts) {
          Step(state_,
               {.mission_id = id, .body = keep ? fact : std::move(fact), .wall_ms = wall_ms},
               events);
        }
      }
      entry.count = events.size() - entry.first;
    }
    Status status = absl::OkStatus();
    if (!events.empty()) status = ledger_.Append(ctx, state_.incarnation, events);
    if (!status.ok()) {
      healthy_ = false;  // the folded state is not what is stored
      next_reopen_ = clock_.Now();
      SetHealth(status);
      proposed_.clear();
      for (Pending& entry : pending) Refuse(std::move(entry.message), status);
      for (; taken < messages.size(); ++taken) Refuse(std::move(messages[taken]), status);
      return;
    }
    for (Pending& entry : pending) {
      if (entry.message.done) {
        entry.message.done(std::span(events).subspan(entry.first, entry.count), state_);
      }
    }
    if (!events.empty()) Publish(events);
    for (Pending& entry : pending) {  // the hosts know by now what is not wanted any more
      if (entry.message.recorded) entry.message.recorded();
    }
  }
}

void TaskQueue::Refuse(Message message, const Status& status) {
  if (message.done) message.done(status, state_);
  if (!message.recorded || unrecorded_.size() >= kUnrecordedMax) return;
  message.done = nullptr;
  unrecorded_.push_back(std::move(message));
}

void TaskQueue::SetHealth(Status status) {
  MutexLock lock(mutex_);
  if (status.ok() || health_.status.ok()) health_.since = clock_.Now();
  health_.status = std::move(status);
}

TaskQueue::Health TaskQueue::health() const {
  MutexLock lock(mutex_);
  return health_;
}

// The ledger's time never goes back, whatever the wall clock does.
int64_t TaskQueue::WallMs() const { return std::max(clock_.WallMs(), state_.wall_ms); }

void TaskQueue::Publish(const std::vector<Event>& events) {
  std::set<MissionId> touched;
  std::string_view last;
  for (const Event& event : events) {
    if (!event.mission_id.empty() && event.mission_id != last) {
      touched.insert(event.mission_id);
      last = event.mission_id;
    }
    if (const auto* submitted = std::get_if<ProposalSubmitted>(&event.body)) {
      proposed_.erase({event.mission_id, submitted->proposal.kind});
    }
  }
  std::vector<Observer> observers;
  {
    MutexLock lock(mutex_);
    observers = observers_;
  }
  for (const Observer& observer : observers) observer(events, state_);
  ArmTimers(events);
  PublishWanted();
  ProposeNext(touched);
}

std::map<HostId, AgentService*> TaskQueue::Hosts() {
  MutexLock lock(mutex_);
  return hosts_;
}

void TaskQueue::PublishWanted() {
  const std::map<HostId, AgentService*> hosts = Hosts();
  std::set<MissionId> ended;
  for (const auto& [key, request] : requests_) {
    const MissionState* mission = state_.Find(key.first);
    if (mission == nullptr || !mission->running()) ended.insert(key.first);
  }
  std::erase_if(requests_, [&](const auto& entry) { return ended.contains(entry.first.first); });
  for (const auto& [host_id, host] : hosts) {
    auto& published = published_[host_id];
    published = MakeWanted(host_id, published.get());
    host->SetWanted(published);
    for (const MissionId& id : ended) host->ForgetMission(id);
  }
}

std::shared_ptr<const WantedSet> TaskQueue::MakeWanted(const HostId& host_id,
                                                       const WantedSet* before) {
  auto set = std::make_shared<WantedSet>();  // shared with the host
  set->sequence = state_.sequence;
  const auto wanted = state_.wanted.find(host_id);
  if (wanted == state_.wanted.end()) return set;
  set->leases.reserve(wanted->second.size());
  const MissionState* mission = nullptr;
  size_t old = 0;  // both sets are in the order of their keys
  for (const LeaseKey& key : wanted->second) {
    if (mission == nullptr || mission->id != key.mission_id) mission = state_.Find(key.mission_id);
    const TaskState& task = *mission->Find(key.task_id);
    const auto old_key = [&] {
      return std::tie(before->leases[old]->mission_id, before->leases[old]->task_id);
    };
    const auto new_key = std::tie(key.mission_id, key.task_id);
    while (before != nullptr && old < before->leases.size() && old_key() < new_key) ++old;
    if (before != nullptr && old < before->leases.size() && old_key() == new_key &&
        before->leases[old]->epoch == task.lease->epoch) {
      set->leases.push_back(before->leases[old]);
      continue;
    }
    const std::shared_ptr<const MissionRequest> request = RequestOf(*mission, task);
    // Shared by all the sets it is in.
    set->leases.push_back(
        std::make_shared<WantedLease>(WantedLease{.mission_id = key.mission_id,
                                                  .task_id = key.task_id,
                                                  .epoch = task.lease->epoch,
                                                  .agent_id = task.lease->agent_id,
                                                  .role = task.spec.role,
                                                  .action = task.lease->action,
                                                  .request = request}));
  }
  return set;
}

/// Shared by the leases that begin with the same base. What is delivered is delivered onto the
/// person's own.
std::shared_ptr<const MissionRequest> TaskQueue::RequestOf(const MissionState& mission,
                                                           const TaskState& task) {
  const bool delivers = task.spec.intent == "integrate" || task.spec.intent == "deliver";
  auto& request = requests_[{mission.id, delivers ? 0 : mission.bases.size()}];
  if (request == nullptr) {
    auto made = std::make_shared<MissionRequest>(mission.request);
    if (!delivers) made->repository = PresentBase(mission);
    request = std::move(made);
  }
  return request;
}

void TaskQueue::ProposeNext(const std::set<MissionId>& touched) {
  for (const MissionId& id : touched) {
    const MissionState* mission = state_.Find(id);
    if (mission == nullptr || !mission->running()) continue;
    for (MissionProposal& next : orchestrator_.Decide(*mission)) {
      const ProposalKind kind = next.proposal.kind;
      const auto refused = mission->refused.find(kind);
      if (refused != mission->refused.end() && refused->second >= kRefusedMax) continue;
      if (!proposed_.insert({id, kind}).second) continue;
      Message message;
      message.mission_id = id;
      for (TaskPlanned& task : next.tasks) message.facts.emplace_back(std::move(task));
      message.facts.emplace_back(ProposalSubmitted{.proposal = std::move(next.proposal)});
      if (!Post(std::move(message)).ok()) proposed_.erase({id, kind});
    }
  }
}

// Reopens after a failure, but not again and again while it cannot be.
Status TaskQueue::Recover(const Context& ctx) {
  if (clock_.Now() < next_reopen_) return health().status;
  const Status status = Reopen(ctx);
  if (!status.ok()) next_reopen_ = clock_.Now() + kReopenInterval;
  SetHealth(status);
  return status;
}

Status TaskQueue::Reopen(const Context& ctx) {
  ASSIGN_OR_RETURN(RestoreReport restored, ledger_.Restore(ctx, state_));
  if (!thread_.joinable()) restored_ = std::move(restored);
  swept_before_ = 0;
  const std::map<HostId, AgentService*> ours = Hosts();
  const int64_t wall_ms = WallMs();
  std::vector<Event> events;
  const auto step = [&](const MissionId& id, EventBody body) {
    Step(state_, {.mission_id = id, .body = std::move(body), .wall_ms = wall_ms}, events);
  };
  step("", ShardOpened{.incarnation = state_.incarnation + 1,
                       .build_id = options_.build_id,
                       .host_id = options_.owner_id});
  // The first opening of this process: hosts and clients of former owners ended with them.
  const bool first = !thread_.joinable();
  std::vector<HostId> gone;
  for (const auto& [id, host] : state_.hosts) {
    if (!ours.contains(id)) gone.push_back(id);
  }
  for (const HostId& id : gone) step("", HostLeft{.host_id = id, .reason = "its process ended"});
  if (first) {
    std::vector<std::pair<MissionId, std::string>> clients;
    for (const auto& [id, mission] : state_.missions) {
      for (const std::string& client : mission.clients) clients.emplace_back(id, client);
    }
    for (const auto& [id, client] : clients) step(id, ClientDetached{.client_id = client});
  }
  RETURN_IF_ERROR(ledger_.Append(ctx, state_.incarnation, events));
  healthy_ = true;
  proposed_.clear();
  RearmTimers();
  if (!first) Publish(events);
  return absl::OkStatus();
}

}  // namespace coditect
