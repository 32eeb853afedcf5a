// The task queue manager of one shard: inbox, Step, Append, fold, publish, Wanted, Decide.
#pragma once

#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <thread>
#include <vector>

#include "src/base/mutex.h"
#include "src/ports/agent_service.h"
#include "src/ports/orchestrator_service.h"
#include "src/ports/task_queue_service.h"
#include "src/task_queue/ledger.h"

namespace coditect {

/// Owns one shard: the only writer of its ledger. One thread does everything, strictly alternating:
/// what arrived while the last block was syncing is the next block. Thread-safe.
class TaskQueue final : public TaskQueueService {
 public:
  struct Options {
    uint32_t shard = 0;
    std::string build_id;
    std::string owner_id;                            // this process, in ShardOpened
    std::chrono::milliseconds sync_interval{100};    // of the reconciler
    std::chrono::milliseconds planning_interval{0};  // every open mission re-examined; 0 = never
    size_t inbox_max = 65'536;
    ObjectStore* snapshots = nullptr;  // where snapshots of the state are; outlives the queue
  };

  /// Sees every stored block on the shard's thread, in order; must not block.
  using Observer = std::function<void(std::span<const Event>, const ShardState&)>;

  TaskQueue(Options options, Ledger::OpenLog open_log, const OrchestratorService& orchestrator,
            const Clock& clock);
  ~TaskQueue() override { Stop(); }

  /// Restores the state from the ledger, takes ownership (ShardOpened) and declares every host and
  /// client of former owners gone.
  Status Open(const Context& ctx);
  /// Ends the thread; what was not acknowledged by then was not stored.
  void Stop();

  /// Announces a host of this process. `host` outlives the queue.
  Status JoinHost(const Context& ctx, const HostJoined& joined, AgentService& host);

  void AddObserver(Observer observer);

  /// How the state was restored when the queue was opened. After Open.
  const RestoreReport& restored() const { return restored_; }

  /// OK, or why nothing can be recorded now, and since when. It goes on by itself once it can.
  struct Health {
    Status status;
    MonotonicTime since;
  };
  Health health() const;

  StatusOr<MissionId> RequestMission(const Context& ctx, const MissionRequest& request,
                                     const std::string& client_id) override;
  Status Control(const Context& ctx, const MissionId& mission_id, MissionControl control,
                 const std::string& who) override;
  Status AnswerApproval(const Context& ctx, const MissionId& mission_id,
                        const ApprovalAnswered& answer) override;
  Status Propose(const Context& ctx, const MissionId& mission_id,
                 const std::vector<TaskPlanned>& tasks, const Proposal& proposal) override;
  Status LeaseSpent(const MissionId& mission_id, const coditect::LeaseSpent& spent) override;
  Status Record(const Context& ctx, const MissionId& mission_id, EventBody fact) override;
  Status LeaseStarted(const Context& ctx, const MissionId& mission_id,
                      const coditect::LeaseStarted& started) override;
  StatusOr<TaskAck> ReportResult(const Context& ctx, const MissionId& mission_id,
                                 const TaskResult& result,
                                 const std::vector<TaskPlanned>& drafts) override;
  /// ReportResult for a caller that must not block (an edge that serves many agents on one thread):
  /// `done` gets the answer on the shard's thread, and must not block either. On an error nothing
  /// was posted and `done` is not called.
  Status PostResult(const MissionId& mission_id, TaskResult result, std::vector<TaskPlanned> drafts,
                    std::function<void(StatusOr<TaskAck>)> done);

 private:
  static constexpr std::chrono::milliseconds kWriteTimeout{60'000};
  static constexpr std::chrono::milliseconds kReopenInterval{500};

  /// Facts that are stored together, and who waits for the answer.
  struct Message {
    MissionId mission_id;
    std::vector<EventBody> facts;
    /// The events that came of the facts, or why nothing was stored. On the shard's thread.
    std::function<void(StatusOr<std::span<const Event>>, const ShardState&)> done;
    /// Set: the facts are kept until they could be stored, whoever waits; then this is called.
    std::function<void()> recorded;
  };
  struct Pending {  // a message whose events are in the block being written
    Message message;
    size_t first = 0;  // its events in the block
    size_t count = 0;
  };

  static Message ResultMessage(const MissionId& mission_id, TaskResult result,
                               std::vector<TaskPlanned> drafts);
  Status Post(Message message);
  /// Posts and waits until `message` is durable; `read` sees its events.
  Status PostAndWait(const Context& ctx, Message message,
                     std::function<Status(std::span<const Event>, const ShardState&)> read);

  void Loop();
  std::vector<Message> TakeInbox();
  void RunCycle(std::vector<Message> messages);
  int64_t WallMs() const;
  void Refuse(Message message, const Status& status);
  void SetHealth(Status status);
  void Publish(const std::vector<Event>& events);
  std::map<HostId, AgentService*> Hosts();
  void PublishWanted();
  /// The host's wanted set now; what it has in common with `before` (may be null) is shared.
  std::shared_ptr<const WantedSet> MakeWanted(const HostId& host_id, const WantedSet* before);
  std::shared_ptr<const MissionRequest> RequestOf(const MissionState& mission,
                                                  const TaskState& task);
  void ProposeNext(const std::set<MissionId>& touched);
  bool Reconcile();
  /// Deletes some of what the log was truncated by. True while there is more.
  bool SweepLog();
  Status Reopen(const Context& ctx);
  Status Recover(const Context& ctx);
  std::vector<Message> DueTimers();
  void ArmTimers(const std::vector<Event>& events);
  void RearmTimers();

  const Options options_;
  const OrchestratorService& orchestrator_;
  const Clock& clock_;
  Ledger ledger_;

  // Owned by the shard's thread.
  ShardState state_;
  std::vector<Event> events_;  // of the block being made
  bool healthy_ = false;
  uint64_t swept_before_ = 0;        // the log is known to begin there or later
  MonotonicTime next_reopen_;        // while not healthy
  std::vector<Message> unrecorded_;  // what must be stored as soon as anything can be
  // Shared with the hosts: by mission and how often its base has advanced.
  std::map<std::pair<MissionId, size_t>, std::shared_ptr<const MissionRequest>> requests_;
  std::map<HostId, std::shared_ptr<const WantedSet>> published_;  // the last one of each host
  std::set<std::pair<MissionId, ProposalKind>> proposed_;         // in the inbox, not decided yet
  std::map<std::pair<MissionId, std::string>, MonotonicTime> timers_;
  MonotonicTime next_planning_;
  MonotonicTime next_tick_;

  mutable Mutex mutex_;
  CondVar wake_;
  Health health_ ABSL_GUARDED_BY(mutex_);
  std::deque<Message> inbox_ ABSL_GUARDED_BY(mutex_);
  std::map<HostId, AgentService*> hosts_ ABSL_GUARDED_BY(mutex_);
  std::vector<Observer> observers_ ABSL_GUARDED_BY(mutex_);
  bool stopping_ ABSL_GUARDED_BY(mutex_) = false;
  RestoreReport restored_;  // written before the thread starts
  std::thread thread_;
};

}  // namespace coditect
