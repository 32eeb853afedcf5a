// Time, injected: monotonic time measures, wall time is only written down.
#pragma once

#include <chrono>
#include <cstdint>

namespace coditect {

using MonotonicTime = std::chrono::steady_clock::time_point;

/// Thread-safe.
class Clock {
 public:
  virtual ~Clock() = default;
  virtual MonotonicTime Now() const = 0;
  /// Milliseconds since 1970-01-01 UTC; may jump.
  virtual int64_t WallMs() const = 0;
};

/// The operating system's clocks.
class SystemClock final : public Clock {
 public:
  MonotonicTime Now() const override { return std::chrono::steady_clock::now(); }
  int64_t WallMs() const override {
    return std::chrono::duration_cast<std::chrono::milliseconds>(
               std::chrono::system_clock::now().time_since_epoch())
        .count();
  }
};

}  // namespace coditect
