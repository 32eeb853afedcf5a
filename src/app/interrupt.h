// Ctrl-C and SIGTERM as a count that the command looks at, and a reflex that waits for nobody.
#pragma once

#include <functional>
#include <thread>

#include "src/base/unique_fd.h"

namespace coditect {

/// Installs handlers for SIGINT, SIGTERM and SIGHUP; ignores SIGPIPE.
void WatchInterrupts();

/// How often the person interrupted since WatchInterrupts().
int Interrupts();

/// The signal of the last one, 0 if none.
int LastInterrupt();

/// Calls `reflex` once, on a thread of its own, when the second interrupt (or the one of that
/// number) comes while it lives: whatever the command's thread waits for then. One at a time;
/// destruction waits for the thread.
class InterruptReflex {
 public:
  explicit InterruptReflex(std::function<void()> reflex, int interrupts = 2);
  ~InterruptReflex();
  InterruptReflex(const InterruptReflex&) = delete;
  InterruptReflex& operator=(const InterruptReflex&) = delete;

 private:
  void Wait();

  const std::function<void()> reflex_;
  const int interrupts_;
  UniqueFd end_;
  std::thread thread_;
};

}  // namespace coditect
