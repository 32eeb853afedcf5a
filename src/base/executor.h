// A bounded, named thread pool.
#pragma once

#include <deque>
#include <functional>
#include <string>
#include <thread>
#include <vector>

#include "src/base/mutex.h"
#include "src/base/status.h"

namespace coditect {

/// Runs posted work on a fixed number of threads. A task never waits for another task of its own
/// pool. Stop() (or destruction) lets running tasks end and drops the queued ones. Thread-safe.
class Executor {
 public:
  struct Options {
    std::string name;  // at most 15 characters: it becomes the threads' name
    int threads = 1;
    size_t queue_max = 1024;
  };

  explicit Executor(Options options);
  ~Executor() { Stop(); }
  Executor(const Executor&) = delete;
  Executor& operator=(const Executor&) = delete;

  /// RESOURCE_EXHAUSTED when the queue is full, CANCELLED after Stop().
  Status Post(std::function<void()> work);
  void Stop();

 private:
  void Loop();

  const Options options_;
  Mutex mutex_;
  CondVar wake_;
  std::deque<std::function<void()>> queue_ ABSL_GUARDED_BY(mutex_);
  bool stopping_ ABSL_GUARDED_BY(mutex_) = false;
  std::vector<std::thread> threads_;
};

}  // namespace coditect
