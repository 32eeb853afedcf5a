// CPU time, medians, the raw primitive of a durable write.
#include "benchmarks/support/measure.h"

#include <fcntl.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>

#include "src/base/strings.h"

namespace coditect::bench {

double CpuSeconds() {
  rusage usage{};
  ::getrusage(RUSAGE_SELF, &usage);
  const auto seconds = [](const timeval& t) {
    return static_cast<double>(t.tv_sec) + static_cast<double>(t.tv_usec) / 1e6;
  };
  return seconds(usage.ru_utime) + seconds(usage.ru_stime);
}

double Stopwatch::Wall() const {
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - wall_).count();
}

double Stopwatch::Cpu() const { return CpuSeconds() - cpu_; }

Range RangeOf(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  return {.median = values[values.size() / 2], .min = values.front(), .max = values.back()};
}

double MeanSyncedWrite(const std::string& folder, size_t bytes, int count) {
  const std::string path = folder + "/raw";
  const std::string block(bytes, 'x');
  const int fd = ::open(path.c_str(), O_CREAT | O_WRONLY | O_TRUNC | O_CLOEXEC, 0600);
  CHECK(fd >= 0);
  const Stopwatch watch;
  for (int i = 0; i < count; ++i) {
    CHECK(::write(fd, block.data(), block.size()) == static_cast<ssize_t>(block.size()));
    CHECK(::fdatasync(fd) == 0);
  }
  const double seconds = watch.Wall() / count;
  ::close(fd);
  ::unlink(path.c_str());
  return seconds;
}

ScratchFolder::ScratchFolder() : path_(StrCat("build/bench-", ::getpid())) {
  std::filesystem::create_directories(path_);
}

ScratchFolder::~ScratchFolder() { std::filesystem::remove_all(path_); }

}  // namespace coditect::bench
