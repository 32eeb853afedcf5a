// What layer 2 offers to everybody else: the only way into the ledger.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "src/base/context.h"
#include "src/domain/event.h"
#include "src/domain/proposal.h"
#include "src/domain/result.h"
#include "src/domain/state.h"

namespace coditect {

/// sdd TaskAck.
struct TaskAck {
  bool accepted = false;
  std::string reason;     // why not
  uint64_t sequence = 0;  // of the ledger event that recorded the result
};

enum class MissionControl { kAttach, kDetach, kStop, kEmergencyStop, kResume, kRunPlan };

/// Every call but LeaseSpent returns after the answer is durable. RESOURCE_EXHAUSTED when the disk
/// is full or a queue is; UNAVAILABLE while the shard reopens: retry. Thread-safe.
class TaskQueueService {
 public:
  virtual ~TaskQueueService() = default;

  /// The same request id asked twice gives the same mission.
  virtual StatusOr<MissionId> RequestMission(const Context& ctx, const MissionRequest& request,
                                             const std::string& client_id) = 0;

  /// `who` is the client id (attach, detach) or the principal. NOT_FOUND for an unknown mission,
  /// FAILED_PRECONDITION for one that has ended.
  virtual Status Control(const Context& ctx, const MissionId& mission_id, MissionControl control,
                         const std::string& who) = 0;

  /// A person's answer; `answer.principal` is set by the edge. FAILED_PRECONDITION when nothing
  /// waits for it: it was answered before, or what was seen is not what is asked about now.
  virtual Status AnswerApproval(const Context& ctx, const MissionId& mission_id,
                                const ApprovalAnswered& answer) = 0;

  /// sdd AssignTask: an orchestrator's proposal, with the tasks of a plan in front of it.
  virtual Status Propose(const Context& ctx, const MissionId& mission_id,
                         const std::vector<TaskPlanned>& tasks, const Proposal& proposal) = 0;

  virtual Status LeaseStarted(const Context& ctx, const MissionId& mission_id,
                              const coditect::LeaseStarted& started) = 0;

  /// What a lease used that ended without a result. Does not wait: nothing depends on it.
  virtual Status LeaseSpent(const MissionId& mission_id, const coditect::LeaseSpent& spent) = 0;

  /// Records a fact about the ledger itself (SnapshotTaken, LogTruncated) or about `mission_id`,
  /// which has ended (MissionForgotten, MergeTested). FAILED_PRECONDITION when it has no effect: it
  /// came too late, or what was tested does not prove the merge.
  virtual Status Record(const Context& ctx, const MissionId& mission_id, EventBody fact) = 0;

  /// sdd ReportResult. `drafts`: the tasks of a plan the result announces.
  virtual StatusOr<TaskAck> ReportResult(const Context& ctx, const MissionId& mission_id,
                                         const TaskResult& result,
                                         const std::vector<TaskPlanned>& drafts) = 0;
};

}  // namespace coditect
