// A bounded, named thread pool.
#include "src/base/executor.h"

#include <pthread.h>

#include <utility>

namespace coditect {

Executor::Executor(Options options) : options_(std::move(options)) {
  threads_.reserve(static_cast<size_t>(options_.threads));
  for (int i = 0; i < options_.threads; ++i) {
    threads_.emplace_back([this] {
      ::pthread_setname_np(::pthread_self(), options_.name.substr(0, 15).c_str());
      Loop();
    });
  }
}

Status Executor::Post(std::function<void()> work) {
  MutexLock lock(mutex_);
  if (stopping_) return Cancelled("pool ", options_.name, " is stopping");
  if (queue_.size() >= options_.queue_max) {
    return ResourceExhausted("pool ", options_.name, " has ", queue_.size(), " queued tasks");
  }
  queue_.push_back(std::move(work));
  wake_.NotifyOne();
  return absl::OkStatus();
}

void Executor::Stop() {
  {
    MutexLock lock(mutex_);
    stopping_ = true;
    queue_.clear();
    wake_.NotifyAll();
  }
  for (std::thread& thread : threads_) {
    if (thread.joinable()) thread.join();
  }
}

void Executor::Loop() {
  for (;;) {
    std::function<void()> work;
    {
      MutexLock lock(mutex_);
      while (queue_.empty() && !stopping_) wake_.Wait(mutex_);
      if (stopping_) return;
      work = std::move(queue_.front());
      queue_.pop_front();
    }
    work();
  }
}

}  // namespace coditect
