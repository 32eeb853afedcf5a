// The plain workspace of the tests.
#include "src/adapters/python/testing/workspace.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>

#include "src/base/file.h"
#include "src/base/strings.h"
#include "src/base/unique_fd.h"

namespace coditect::python {
namespace {

constexpr std::chrono::milliseconds kWallDefault{120'000};
constexpr uint64_t kOutputDefault = uint64_t{8} << 20;

class TestingProcess final : public SandboxProcess {
 public:
  TestingProcess(pid_t pid, UniqueFd channel, UniqueFd output, const SandboxLimits& limits)
      : pid_(pid),
        channel_(std::move(channel)),
        output_(std::move(output)),
        limits_(limits),
        started_(std::chrono::steady_clock::now()) {}
  ~TestingProcess() override {
    Kill();
    if (!waited_) ::waitpid(pid_, nullptr, 0);
  }

  int channel() const override { return channel_.get(); }
  void Kill() override { ::kill(-pid_, SIGKILL); }
  StatusOr<SandboxResult> Wait(const Context& ctx) override;

 private:
  bool ReadOutput(SandboxResult* result);

  const pid_t pid_;
  const UniqueFd channel_;
  const UniqueFd output_;
  const SandboxLimits limits_;
  const MonotonicTime started_;
  bool waited_ = false;
};

/// False when there will be no more.
bool TestingProcess::ReadOutput(SandboxResult* result) {
  pollfd fd{output_.get(), POLLIN, 0};
  if (::poll(&fd, 1, 20) <= 0) return true;
  char bytes[4096];
  const ssize_t count = ::read(output_.get(), bytes, sizeof bytes);
  if (count <= 0) return false;
  result->output_bytes += static_cast<uint64_t>(count);
  if (result->output.size() < (64 << 10)) result->output.append(bytes, static_cast<size_t>(count));
  return true;
}

StatusOr<SandboxResult> TestingProcess::Wait(const Context& ctx) {
  SandboxResult result;
  const auto wall = limits_.wall.count() > 0 ? limits_.wall : kWallDefault;
  const auto output_max = limits_.output_bytes > 0 ? limits_.output_bytes : kOutputDefault;
  int status = 0;
  rusage usage{};
  bool reading = true;
  bool killed = false;
  while (true) {
    const pid_t done = ::wait4(pid_, &status, reading ? WNOHANG : 0, &usage);
    if (done == pid_) break;
    reading = reading && ReadOutput(&result);
    if (killed) continue;
    const bool late = std::chrono::steady_clock::now() - started_ > wall;
    const bool flood = result.output_bytes > output_max;
    if (late || flood || !ctx.Check().ok()) {
      result.ended_by = late ? EndedBy::kWall : flood ? EndedBy::kOutput : EndedBy::kKilled;
      killed = true;
      Kill();
    }
  }
  waited_ = true;
  Kill();  // what the process left behind
  while (reading && ReadOutput(&result) && result.output_bytes <= output_max) {
    if (pollfd fd{output_.get(), POLLIN, 0}; ::poll(&fd, 1, 0) == 0) break;
  }
  if (!killed && WIFSIGNALED(status)) {
    result.signal = WTERMSIG(status);
    result.ended_by = result.signal == SIGXCPU ? EndedBy::kCpu : EndedBy::kSignal;
  }
  if (WIFEXITED(status)) result.exit_code = WEXITSTATUS(status);
  const auto used = std::chrono::seconds(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) +
                    std::chrono::microseconds(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec);
  result.cpu = std::chrono::duration_cast<std::chrono::milliseconds>(used);
  result.wall = std::chrono::duration_cast<std::chrono::milliseconds>(
      std::chrono::steady_clock::now() - started_);
  result.memory_bytes_max = static_cast<uint64_t>(usage.ru_maxrss) << 10;
  return result;
}

[[noreturn]] void Become(const SandboxCommand& command, const std::string& folder, int input,
                         int channel, int output, std::vector<std::string> environment) {
  ::setpgid(0, 0);
  ::dup2(input, 0);
  ::dup2(output, 1);
  ::dup2(output, 2);
  if (channel >= 0) ::dup2(channel, kChannelFd);
  ::close_range(channel >= 0 ? 4 : 3, ~0U, 0);
  if (command.limits.cpu.count() > 0) {
    const auto seconds = static_cast<rlim_t>((command.limits.cpu.count() + 999) / 1000);
    const rlimit limit{seconds, seconds + 1};
    ::setrlimit(RLIMIT_CPU, &limit);
  }
  if (::chdir(folder.c_str()) != 0) ::_exit(126);
  std::vector<char*> argv;
  for (const std::string& word : command.argv) argv.push_back(const_cast<char*>(word.c_str()));
  argv.push_back(nullptr);
  std::vector<char*> variables;
  for (std::string& variable : environment) variables.push_back(variable.data());
  variables.push_back(nullptr);
  ::execve(argv[0], argv.data(), variables.data());
  ::_exit(127);
}

}  // namespace

StatusOr<std::unique_ptr<SandboxProcess>> TestingWorkspace::Launch(const Context& ctx,
                                                                   const SandboxCommand& command) {
  RETURN_IF_ERROR(ctx.Check());
  int pair[2] = {-1, -1};
  int pipe[2];
  if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) != 0 ||
      ::pipe2(pipe, O_CLOEXEC) != 0) {
    return ErrnoStatus(errno, "socketpair or pipe2");
  }
  UniqueFd input(::memfd_create("stdin", MFD_CLOEXEC));
  const std::string& bytes = command.stdin_bytes;
  if (::write(input.get(), bytes.data(), bytes.size()) != static_cast<ssize_t>(bytes.size()) ||
      ::lseek(input.get(), 0, SEEK_SET) != 0) {
    return ErrnoStatus(errno, "cannot keep what the command reads");
  }
  UniqueFd ours(pair[0]);
  UniqueFd theirs(pair[1]);
  UniqueFd output(pipe[0]);
  UniqueFd output_write(pipe[1]);
  std::map<std::string, std::string> all = environment_;
  for (const auto& [name, value] : command.environment) all[name] = value;
  std::vector<std::string> environment;
  for (const auto& [name, value] : all) environment.push_back(StrCat(name, "=", value));
  const pid_t pid = ::fork();
  if (pid < 0) return ErrnoStatus(errno, "fork");
  if (pid == 0) {
    Become(command, JoinPath(folder_, command.folder), input.get(),
           command.channel ? theirs.get() : -1, output_write.get(), std::move(environment));
  }
  ::setpgid(pid, pid);
  return std::make_unique<TestingProcess>(pid, std::move(ours), std::move(output), command.limits);
}

Status TestingWorkspace::Apply(const std::vector<FileChange>& changes) {
  for (const FileChange& change : changes) {
    const std::string path = JoinPath(folder_, change.path);
    if (change.kind == FileChange::Kind::kDelete) {
      RETURN_IF_ERROR(RemoveTree(path));
    } else {
      RETURN_IF_ERROR(MakeDirs(DirName(path)));
      RETURN_IF_ERROR(WriteFile(path, change.content));
    }
  }
  return absl::OkStatus();
}

StatusOr<std::string> TestingWorkspace::Read(const std::string& path) {
  return ReadFile(JoinPath(folder_, path));
}

StatusOr<std::vector<FileChange>> TestingWorkspace::Changes() {
  return Unimplemented("the testing workspace keeps no base");
}

Status TestingWorkspace::Keep(const Context&, const std::string&, const std::string&) {
  return Unimplemented("the testing workspace keeps nothing");
}

}  // namespace coditect::python
