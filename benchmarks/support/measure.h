// What every benchmark measures with: CPU time, medians, the raw primitive of a durable write.
#pragma once

#include <chrono>
#include <cstdio>
#include <string>
#include <vector>

#include "src/base/check.h"
#include "src/base/status.h"

namespace coditect::bench {

/// CPU time of all threads of this process, in seconds.
double CpuSeconds();

/// Time since construction.
class Stopwatch {
 public:
  double Wall() const;  // seconds
  double Cpu() const;   // CPU seconds of the process

 private:
  std::chrono::steady_clock::time_point wall_ = std::chrono::steady_clock::now();
  double cpu_ = CpuSeconds();
};

struct Range {
  double median = 0;
  double min = 0;
  double max = 0;
};
/// `values` is not empty.
Range RangeOf(std::vector<double> values);

/// Mean seconds of `count` times write(2) of `bytes` and fdatasync(2), appended to a file in
/// `folder`: what no durable store can be faster than.
double MeanSyncedWrite(const std::string& folder, size_t bytes, int count);

/// A folder of this process on the disk that holds the working directory, removed at the end.
class ScratchFolder {
 public:
  ScratchFolder();
  ~ScratchFolder();
  const std::string& path() const { return path_; }

 private:
  std::string path_;
};

/// The value, or the end of the benchmark with the error.
template <typename T>
T Must(StatusOr<T> value) {
  CHECK_WITH(value.ok(), Message(value.status()));
  return *std::move(value);
}
inline void Must(const Status& status) { CHECK_WITH(status.ok(), Message(status)); }

}  // namespace coditect::bench
