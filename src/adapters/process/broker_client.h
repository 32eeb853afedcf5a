// The host's side of the broker.
#pragma once

#include <sys/types.h>

#include <memory>
#include <string>
#include <vector>

#include "src/adapters/process/plan.h"
#include "src/adapters/process/requests.h"
#include "src/base/mutex.h"
#include "src/base/status.h"
#include "src/base/unique_fd.h"

namespace coditect::process {

/// Starts the broker and speaks with it. Requests are short and go one at a time; the end of a
/// launch is never waited for here. When the broker does not answer it is ended, and with it all
/// it started. Thread-safe.
class BrokerClient {
 public:
  struct OpenedRoot {
    UniqueFd merged;  // O_PATH: the repository as the sandbox sees it
    UniqueFd upper;   // its upper layer, or its private copy
  };
  struct Started {
    pid_t pid = 0;
    UniqueFd pidfd;
  };

  /// Starts this program again as a broker. `token` marks its processes for sweeping.
  static StatusOr<std::unique_ptr<BrokerClient>> Start(const std::string& token);
  /// Ends the broker and waits for it.
  ~BrokerClient();

  Status Configure(const Configuration& configuration);
  Status CanIdmap(const IdmapQuestion& question);
  StatusOr<OpenedRoot> OpenRoot(const RootPlan& plan);
  Status CloseRoot(uint64_t id);
  /// `descriptors` in the order of LaunchDescriptor.
  StatusOr<Started> Launch(const LaunchPlan& plan, const std::vector<int>& descriptors);

  /// Readable when the broker has ended.
  int pidfd() const { return pidfd_.get(); }

 private:
  BrokerClient(pid_t pid, UniqueFd pidfd, UniqueFd socket)
      : pid_(pid), pidfd_(std::move(pidfd)), socket_(std::move(socket)) {}
  StatusOr<Frame> Call(const std::string& body, const std::vector<int>& descriptors,
                       ReplyStatus* reply);

  const pid_t pid_;
  const UniqueFd pidfd_;
  Mutex mutex_;
  UniqueFd socket_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace coditect::process
