// One launch of a support script: requests go in, lines come out, its end is waited for.
#pragma once

#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <thread>

#include "src/base/context.h"
#include "src/base/unique_fd.h"
#include "src/ports/sandbox.h"

namespace coditect::python {

/// The other side is hostile: a line is at most kLineBytesMax, all lines together at most
/// kChannelBytesMax. A thread of its own waits for the process (and so enforces the limits) while
/// the caller reads. One caller. Destruction kills what still runs and waits.
class Session {
 public:
  static constexpr size_t kLineBytesMax = size_t{1} << 20;
  static constexpr uint64_t kChannelBytesMax = uint64_t{512} << 20;

  static StatusOr<std::unique_ptr<Session>> Start(const Context& ctx, Workspace& workspace,
                                                  SandboxCommand command);
  ~Session();

  /// Sends one line. UNAVAILABLE when the other side is gone; CANCELLED or DEADLINE_EXCEEDED by the
  /// context, after which the session is good for nothing but Finish().
  Status Send(const Context& ctx, std::string_view line);

  /// The next line without its newline, or nullopt when there will be none. RESOURCE_EXHAUSTED
  /// when the other side sent more than it may; CANCELLED and DEADLINE_EXCEEDED as above.
  StatusOr<std::optional<std::string>> Next(const Context& ctx);

  /// No more lines are wanted: waits for the end and says how it ended.
  StatusOr<SandboxResult> Finish();

  void Kill() { process_->Kill(); }

 private:
  struct Wires {
    UniqueFd ended_read;  // readable when the waiting thread is done
    UniqueFd ended_write;
    std::shared_ptr<UniqueFd> wake;  // shared with cancellation callbacks, which may outlive us
  };

  Session(const Context& ctx, std::unique_ptr<SandboxProcess> process, Wires wires);
  /// Waits until the channel can be read or written; false when the process has ended.
  StatusOr<bool> WaitFor(const Context& ctx, short events);
  bool TakeLine(std::string* line);

  const Context ctx_;
  std::unique_ptr<SandboxProcess> process_;
  Wires wires_;
  std::optional<StatusOr<SandboxResult>> result_;  // written by the thread, read after join
  std::thread waiter_;
  std::string buffer_;
  size_t consumed_ = 0;
  uint64_t received_ = 0;
  bool closed_ = false;
};

}  // namespace coditect::python
