// The supervisor's thread: one poll over all launches, limits by clock and accounts.
#include "src/adapters/process/supervisor.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/statvfs.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <optional>

#include "src/adapters/process/system_calls.h"

namespace coditect::process {
namespace {

using std::chrono::milliseconds;

constexpr milliseconds kCheckEvery{100};      // accounts in cgroups
constexpr milliseconds kProcCheckEvery{200};  // accounts summed over /proc
constexpr milliseconds kCheckMin{10};
constexpr milliseconds kReapedMax{2000};  // the broker's last word after the end
constexpr int kReadsAtOnce = 32;          // of 64 KiB, so that one flood does not starve others

milliseconds Since(MonotonicTime start, MonotonicTime now) {
  return std::chrono::duration_cast<milliseconds>(now - start);
}

}  // namespace

void RunningLaunch::Kill(EndedBy reason) {
  int nobody = -1;
  reason_.compare_exchange_strong(nobody, static_cast<int>(reason));
  if (parts_.plain) {
    (void)::send(parts_.life.get(), "k", 1, MSG_NOSIGNAL | MSG_DONTWAIT);
  } else {
    KillByDescriptor(parts_.pidfd.get());
  }
}

void RunningLaunch::OpenGate() {
  started_ = std::chrono::steady_clock::now();
  next_check_ = started_ + kCheckMin;
  // A first process that is gone already has said why in its records.
  (void)::send(parts_.life.get(), "g", 1, MSG_NOSIGNAL);
}

StatusOr<SandboxResult> RunningLaunch::WaitForEnd() {
  MutexLock lock(mutex_);
  while (!done_) ended_.Wait(mutex_);
  return result_;
}

bool RunningLaunch::WaitUntil(MonotonicTime deadline) {
  MutexLock lock(mutex_);
  while (!done_ && std::chrono::steady_clock::now() < deadline) {
    ended_.WaitUntil(mutex_, deadline);
  }
  return done_;
}

void RunningLaunch::TakeOutput() {
  char buffer[1 << 16];
  for (int i = 0; i < kReadsAtOnce && parts_.output.valid(); ++i) {
    const ssize_t count = ::read(parts_.output.get(), buffer, sizeof buffer);
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return;  // EAGAIN
    if (count == 0) return parts_.output.Reset();
    output_.Append({buffer, static_cast<size_t>(count)});
    if (output_.total_bytes() > parts_.limits.output_bytes) Kill(EndedBy::kOutput);
  }
}

void RunningLaunch::TakeStatus() {
  StatusRecord record;
  constexpr size_t kRecordsMax = 8;  // a launch has four at most
  while (records_.size() < kRecordsMax) {
    const ssize_t count = ::read(parts_.status.get(), &record, sizeof record);
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return;  // EAGAIN
    if (count != sizeof record) break;
    record.text[sizeof record.text - 1] = 0;
    records_.push_back(record);
    if (record.kind == StatusRecord::kReaped) break;
  }
  status_closed_ = true;
}

// `table` is given where control groups do not count everything.
CgroupUsage RunningLaunch::Usage(const ProcessTable* table) {
  CgroupUsage usage = parts_.cgroup.Read();
  if (parts_.count_by_proc && table != nullptr) {
    const TreeUsage tree = table->Measure(parts_.pid);
    usage.cpu_us = std::max(usage.cpu_us, tree.cpu_us);
    usage.memory_bytes_max = std::max(usage.memory_bytes_max, tree.resident_bytes);
    // The first process is not the command's.
    if (parts_.limits.pids > 0 && tree.tasks > parts_.limits.pids + 1) usage.refused_forks = 1;
    if (tree.resident_bytes > parts_.limits.memory_bytes) usage.memory_kills = 1;
  }
  last_usage_.cpu_us = std::max(last_usage_.cpu_us, usage.cpu_us);
  last_usage_.memory_bytes_max = std::max(last_usage_.memory_bytes_max, usage.memory_bytes_max);
  last_usage_.memory_kills = std::max(last_usage_.memory_kills, usage.memory_kills);
  last_usage_.refused_forks = std::max(last_usage_.refused_forks, usage.refused_forks);
  return last_usage_;
}

void RunningLaunch::CheckLimits(MonotonicTime now, const ProcessTable* table) {
  if (now >= started_ + parts_.limits.wall) Kill(EndedBy::kWall);
  if (gone_ || reason_ >= 0 || (now < next_check_ && table == nullptr)) return;
  const CgroupUsage usage = Usage(table);
  const auto cpu_used = std::chrono::microseconds(usage.cpu_us);
  if (usage.memory_kills > 0) Kill(EndedBy::kMemory);
  if (usage.refused_forks > 0) Kill(EndedBy::kPids);
  if (cpu_used > parts_.limits.cpu) Kill(EndedBy::kCpu);
  // The limit cannot be passed sooner than by all processors together.
  const auto cpu_left = (parts_.limits.cpu - cpu_used) / ::sysconf(_SC_NPROCESSORS_ONLN);
  const milliseconds every = parts_.count_by_proc ? kProcCheckEvery : kCheckEvery;
  next_check_ =
      now + std::clamp(std::chrono::duration_cast<milliseconds>(cpu_left), kCheckMin, every);
}

MonotonicTime RunningLaunch::NextCheck(MonotonicTime now) const {
  if (gone_) return gone_at_ + kReapedMax;
  if (reason_ >= 0) return now + kProcCheckEvery;  // killed: its end wakes the poll
  return std::min(next_check_, started_ + parts_.limits.wall);
}

bool RunningLaunch::Ended(MonotonicTime now) const {
  return gone_ && (status_closed_ || now >= gone_at_ + kReapedMax);
}

StatusOr<SandboxResult> RunningLaunch::Judge(const CgroupUsage& usage, MonotonicTime now) {
  SandboxResult result;
  result.output = output_.Text();
  result.output_bytes = output_.total_bytes();
  result.wall = Since(started_, now);
  result.cpu = std::chrono::duration_cast<milliseconds>(std::chrono::microseconds(usage.cpu_us));
  result.memory_bytes_max = usage.memory_bytes_max;
  int wait_status = -1;
  for (const StatusRecord& record : records_) {
    if (record.kind == StatusRecord::kSetupFailed) {
      return Status(static_cast<absl::StatusCode>(record.code), record.text);
    }
    if (record.kind == StatusRecord::kExecFailed) {
      return ErrnoStatus(record.code, "cannot start ", record.text, " in the sandbox");
    }
    if (record.kind == StatusRecord::kCommandEnd) wait_status = record.code;
    if (record.kind == StatusRecord::kReaped && parts_.count_by_proc) {
      result.cpu = std::chrono::milliseconds(record.cpu_us / 1000);
      result.memory_bytes_max = std::max(result.memory_bytes_max, record.memory_bytes_max);
    }
  }
  int reason = reason_;
  if (reason < 0 || reason == static_cast<int>(EndedBy::kKilled)) {
    if (usage.memory_kills > 0) reason = static_cast<int>(EndedBy::kMemory);
    if (usage.refused_forks > 0) reason = static_cast<int>(EndedBy::kPids);
    if (result.cpu > parts_.limits.cpu) reason = static_cast<int>(EndedBy::kCpu);
  }
  const bool by_itself = reason < 0 || reason == static_cast<int>(EndedBy::kKilled);
  if (!by_itself) {
    result.ended_by = static_cast<EndedBy>(reason);
  } else if (wait_status < 0) {
    result.ended_by = EndedBy::kKilled;
  } else if (WIFEXITED(wait_status)) {
    result.ended_by = EndedBy::kExit;
    result.exit_code = WEXITSTATUS(wait_status);
  } else {
    result.signal = WTERMSIG(wait_status);
    result.ended_by = result.signal == SIGSYS    ? EndedBy::kPolicy
                      : result.signal == SIGXCPU ? EndedBy::kCpu
                                                 : EndedBy::kSignal;
  }
  return result;
}

void RunningLaunch::Finish(MonotonicTime now) {
  TakeOutput();  // what was left in the pipe; nobody writes any more
  TakeStatus();
  const CgroupUsage usage = Usage(nullptr);
  parts_.cgroup.Remove();
  StatusOr<SandboxResult> result = Judge(usage, now);
  MutexLock lock(mutex_);
  result_ = std::move(result);
  done_ = true;
  ended_.NotifyAll();
}

StatusOr<std::unique_ptr<Supervisor>> Supervisor::Create(Options options) {
  UniqueFd wake(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
  if (!wake.valid()) return ErrnoStatus(errno, "cannot make an event descriptor");
  std::unique_ptr<Supervisor> supervisor(new Supervisor(std::move(options), std::move(wake)));
  supervisor->thread_ = std::thread([raw = supervisor.get()] {
    ::pthread_setname_np(::pthread_self(), "sandbox");
    raw->Loop();
  });
  return supervisor;
}

Supervisor::~Supervisor() {
  EmergencyStop();
  {
    MutexLock lock(mutex_);
    leaving_ = true;
  }
  Wake();
  thread_.join();
}

void Supervisor::Wake() {
  const uint64_t one = 1;
  (void)!::write(wake_.get(), &one, sizeof one);
}

Status Supervisor::Adopt(std::shared_ptr<RunningLaunch> launch) {
  {
    MutexLock lock(mutex_);
    if (!stopped_) {
      launch->OpenGate();
      launches_.push_back(std::move(launch));
      Wake();
      return absl::OkStatus();
    }
  }
  KillAndWait(launch->parts_.pidfd.get());
  return FailedPrecondition("stopped by the emergency stop");
}

Status Supervisor::CheckRunning() {
  MutexLock lock(mutex_);
  return stopped_ ? FailedPrecondition("stopped by the emergency stop") : absl::OkStatus();
}

void Supervisor::EmergencyStop() {
  MutexLock lock(mutex_);
  stopped_ = true;
  for (const auto& launch : launches_) launch->Kill(EndedBy::kKilled);
}

void Supervisor::Resume() {
  MutexLock lock(mutex_);
  stopped_ = false;
}

bool Supervisor::DiskIsShort() const {
  struct statvfs info{};
  if (options_.disk_reserve_bytes == 0 || ::statvfs(options_.state_folder.c_str(), &info) != 0) {
    return false;
  }
  return info.f_bavail * info.f_frsize < options_.disk_reserve_bytes;
}

void Supervisor::Loop() {
  for (;;) {
    std::vector<std::shared_ptr<RunningLaunch>> launches;
    {
      MutexLock lock(mutex_);
      if (leaving_ && launches_.empty()) return;
      launches = launches_;
    }
    if (Step(launches)) continue;
    MutexLock lock(mutex_);
    std::erase_if(launches_, [&](const std::shared_ptr<RunningLaunch>& launch) {
      MutexLock launch_lock(launch->mutex_);
      return launch->done_;
    });
  }
}

// One poll and what follows from it. False when a launch was finished.
bool Supervisor::Step(const std::vector<std::shared_ptr<RunningLaunch>>& launches) {
  MonotonicTime now = std::chrono::steady_clock::now();
  std::vector<pollfd> events = {{wake_.get(), POLLIN, 0},
                                {broker_gone_ ? -1 : options_.broker_pidfd, POLLIN, 0}};
  MonotonicTime next = MonotonicTime::max();
  for (const auto& launch : launches) {
    events.push_back({launch->parts_.output.get(), POLLIN, 0});  // -1 is passed over
    events.push_back({launch->status_closed_ ? -1 : launch->parts_.status.get(), POLLIN, 0});
    events.push_back({launch->gone_ ? -1 : launch->parts_.pidfd.get(), POLLIN, 0});
    next = std::min(next, launch->NextCheck(now));
  }
  const int timeout_ms = launches.empty()
                             ? -1
                             : static_cast<int>(std::clamp<int64_t>(
                                   std::chrono::ceil<milliseconds>(next - now).count(), 0, 60'000));
  ::poll(events.data(), events.size(), timeout_ms);
  uint64_t drained;
  while (::read(wake_.get(), &drained, sizeof drained) > 0) continue;
  now = std::chrono::steady_clock::now();
  broker_gone_ = broker_gone_ || events[1].revents != 0;
  if (broker_gone_) {
    for (const auto& launch : launches) launch->Kill(EndedBy::kKilled);
  }
  if (now >= next_disk_check_) {
    next_disk_check_ = now + kCheckEvery;
    if (!launches.empty() && DiskIsShort()) {
      for (const auto& launch : launches) launch->Kill(EndedBy::kPolicy);
    }
  }
  // One look at /proc serves all launches that need it.
  std::optional<ProcessTable> table;
  for (const auto& launch : launches) {
    if (!table && launch->parts_.count_by_proc && now >= launch->next_check_) {
      table = ProcessTable::Read();
    }
  }
  bool finished = false;
  for (size_t i = 0; i < launches.size(); ++i) {
    RunningLaunch& launch = *launches[i];
    if (events[2 + 3 * i].revents != 0) launch.TakeOutput();
    if (events[3 + 3 * i].revents != 0) launch.TakeStatus();
    if (events[4 + 3 * i].revents != 0) {
      launch.gone_ = true;
      launch.gone_at_ = now;
    }
    if (launch.Ended(now)) {
      launch.Finish(now);
      finished = true;
    } else {
      launch.CheckLimits(now, launch.parts_.count_by_proc && table ? &*table : nullptr);
    }
  }
  return !finished;
}

}  // namespace coditect::process
