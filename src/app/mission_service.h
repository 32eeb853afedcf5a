// How a command reaches the task queue: by owning it, or through the owner's socket.
#pragma once

#include <memory>
#include <string>

#include "src/app/owner.h"
#include "src/app/paths.h"

namespace coditect {

/// One caller at a time.
class MissionService {
 public:
  virtual ~MissionService() = default;

  /// Asks for the mission and attaches to it. The same request id asked again, also of another
  /// owner, is the same mission. UNAVAILABLE: the owner is gone, attach again.
  virtual StatusOr<MissionId> Request(const MissionRequest& request) = 0;
  virtual Status Control(const MissionId& mission_id, MissionControl control) = 0;
  /// TaskQueueService::Record, with the principal set by the other side.
  virtual Status Record(const MissionId& mission_id, EventBody fact) = 0;
  /// A person's answer; who it is is set here. Errors as TaskQueueService::AnswerApproval.
  virtual Status Answer(const MissionId& mission_id, const ApprovalAnswered& answer) = 0;
  /// Waits until the ledger grew beyond `sequence`, at most `timeout`. UNAVAILABLE as above.
  virtual Status WaitForNews(uint64_t sequence, std::chrono::milliseconds timeout) = 0;

  /// The owner when it is this process, else nullptr.
  virtual Owner* owner() = 0;
};

/// Takes the lock and owns, or connects to the owner; waits a bounded time while owners change.
/// CANCELLED when the person interrupts the waiting.
StatusOr<std::unique_ptr<MissionService>> AttachOrOwn(const Context& ctx, const StatePaths& paths,
                                                      const OwnerOptions& options,
                                                      const std::string& client_id,
                                                      const Clock& clock);

/// Connects to a living owner, whose answers are waited for until the deadline of `ctx`. NOT_FOUND
/// when there is none.
StatusOr<std::unique_ptr<MissionService>> AttachOnly(const Context& ctx, const StatePaths& paths,
                                                     const std::string& client_id);

}  // namespace coditect
