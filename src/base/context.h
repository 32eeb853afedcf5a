// What every port call is told: until when, on whose behalf, and how it may be cancelled.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>

#include "src/base/clock.h"
#include "src/base/mutex.h"
#include "src/base/status.h"

namespace coditect {

struct CancelShared {
  Mutex mutex;
  bool cancelled ABSL_GUARDED_BY(mutex) = false;
  uint64_t next_id ABSL_GUARDED_BY(mutex) = 1;
  std::map<uint64_t, std::function<void()>> callbacks ABSL_GUARDED_BY(mutex);
};

/// A one-way switch. Copies share the switch. Thread-safe.
class CancelToken {
 public:
  CancelToken() : shared_(std::make_shared<CancelShared>()) {}

  void Cancel() const;
  bool cancelled() const;

  /// Keeps `callback` registered for as long as it lives.
  class Registration {
   public:
    Registration() = default;
    Registration(Registration&& other) noexcept = default;
    Registration& operator=(Registration&& other) noexcept {
      Release();
      shared_ = std::move(other.shared_);
      id_ = other.id_;
      return *this;
    }
    ~Registration() { Release(); }

   private:
    friend class CancelToken;
    void Release();
    std::shared_ptr<CancelShared> shared_;  // shared with every copy of the token
    uint64_t id_ = 0;
  };

  /// Calls `callback` once, on the cancelling thread, or at once when already cancelled. The
  /// callback must not block.
  [[nodiscard]] Registration OnCancel(std::function<void()> callback) const;

 private:
  std::shared_ptr<CancelShared> shared_;  // shared by the copies: they are one switch
};

struct Context {
  MonotonicTime deadline = MonotonicTime::max();
  CancelToken cancel;
  std::string trace_id;  // 32 hex digits (W3C trace context)
  std::string tenant;

  /// OK, CANCELLED or DEADLINE_EXCEEDED.
  Status Check() const;
  Context WithTimeout(std::chrono::milliseconds timeout) const;
  /// Milliseconds left, at most `cap`; 0 when the deadline has passed.
  std::chrono::milliseconds Remaining(std::chrono::milliseconds cap) const;
};

}  // namespace coditect
