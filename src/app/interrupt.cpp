// Ctrl-C and SIGTERM as a count, and the reflex of the second one.
#include "src/app/interrupt.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <atomic>
#include <utility>

namespace coditect {
namespace {

std::atomic<int> interrupts{0};
std::atomic<int> last_signal{0};
std::atomic<int> interrupt_event{-1};  // an eventfd: wakes the reflex

void Notify(int event) {
  const uint64_t one = 1;
  (void)!::write(event, &one, sizeof one);
}

void OnSignal(int signal) {
  const int error = errno;
  last_signal = signal;
  ++interrupts;
  if (const int event = interrupt_event; event >= 0) Notify(event);
  errno = error;
}

}  // namespace

void WatchInterrupts() {
  // Never closed: a handler may be about to write to it.
  if (interrupt_event < 0) interrupt_event = ::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
  struct sigaction action{};
  action.sa_handler = OnSignal;
  for (const int signal : {SIGINT, SIGTERM, SIGHUP}) ::sigaction(signal, &action, nullptr);
  ::signal(SIGPIPE, SIG_IGN);
}

int Interrupts() { return interrupts; }
int LastInterrupt() { return last_signal; }

InterruptReflex::InterruptReflex(std::function<void()> reflex, int interrupts)
    : reflex_(std::move(reflex)),
      interrupts_(interrupts),
      end_(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {
  thread_ = std::thread([this] {
    ::pthread_setname_np(::pthread_self(), "interrupt");
    Wait();
  });
}

InterruptReflex::~InterruptReflex() {
  Notify(end_.get());
  thread_.join();
}

void InterruptReflex::Wait() {
  while (Interrupts() < interrupts_) {
    pollfd polled[] = {{interrupt_event, POLLIN, 0}, {end_.get(), POLLIN, 0}};
    if (::poll(polled, 2, -1) < 0 && errno != EINTR) return;
    if (polled[1].revents != 0) return;
    uint64_t count = 0;
    if (polled[0].revents != 0) (void)!::read(interrupt_event, &count, sizeof count);
  }
  reflex_();
}

}  // namespace coditect
