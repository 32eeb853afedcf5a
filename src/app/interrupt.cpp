// Ctrl-C and SIGTERM as a count.
#include "src/app/interrupt.h"

#include <signal.h>

#include <atomic>

namespace coditect {
namespace {

std::atomic<int> interrupts{0};
std::atomic<int> last_signal{0};

void OnSignal(int signal) {
  last_signal = signal;
  ++interrupts;
}

}  // namespace

void WatchInterrupts() {
  struct sigaction action{};
  action.sa_handler = OnSignal;
  for (const int signal : {SIGINT, SIGTERM, SIGHUP}) ::sigaction(signal, &action, nullptr);
  ::signal(SIGPIPE, SIG_IGN);
}

int Interrupts() { return interrupts; }
int LastInterrupt() { return last_signal; }

}  // namespace coditect
