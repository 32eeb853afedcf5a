// The owner's socket: other commands of the same person reach the task queue through it.
#pragma once

#include <atomic>
#include <map>
#include <memory>
#include <string>
#include <thread>

#include "src/app/protocol.h"
#include "src/base/executor.h"
#include "src/base/mutex.h"
#include "src/base/unique_fd.h"
#include "src/ports/task_queue_service.h"

namespace coditect {

/// Listens at a path that only the person can reach; the principal of a request is the peer's user
/// id as the kernel tells it. One reactor thread reads; requests run on a small pool. A client that
/// goes away is detached from its missions. Stop() (or destruction) closes everything.
class Server {
 public:
  static StatusOr<std::unique_ptr<Server>> Start(const std::string& path, TaskQueueService& queue);
  ~Server() { Stop(); }
  void Stop();

  /// Tells every client that the ledger grew. Any thread; never blocks.
  void Announce(uint64_t sequence);

 private:
  struct Connection {
    UniqueFd fd;
    std::string principal;
    std::string inbox;                          // bytes not yet a frame; reactor only
    std::map<MissionId, std::string> attached;  // by mission: client id; pool and reactor
    Mutex mutex;                                // of outbox and attached
    std::string outbox ABSL_GUARDED_BY(mutex);
    bool closed ABSL_GUARDED_BY(mutex) = false;
  };

  Server(std::string path, TaskQueueService& queue);
  Status Listen();
  void Loop();
  void Accept();
  bool ReadFrom(const std::shared_ptr<Connection>& connection);
  void Handle(const std::shared_ptr<Connection>& connection, const ClientFrame& frame);
  Status Record(const Context& ctx, const Connection& connection, const ClientFrame& frame);
  void Send(Connection& connection, const OwnerFrame& frame);
  static bool Flush(Connection& connection);
  void Drop(const std::shared_ptr<Connection>& connection);
  void Wake();

  const std::string path_;
  TaskQueueService& queue_;
  UniqueFd listener_;
  UniqueFd wake_;
  std::atomic<uint64_t> sequence_{0};
  uint64_t announced_ = 0;  // reactor only
  std::atomic<bool> stopping_{false};
  /// Reactor only; requests at work keep theirs alive, hence shared.
  std::map<int, std::shared_ptr<Connection>> connections_;
  Executor pool_;
  /// Emergency stops overtake everybody who waits for a ledger that hangs. One thread is enough:
  /// while the first is not recorded everything stays halted.
  Executor emergencies_;
  std::thread reactor_;
};

}  // namespace coditect
