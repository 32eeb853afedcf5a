// The tests' bench.
#include <doctest/doctest.h>
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <spawn.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "src/adapters/process/test_bench.h"
#include "src/base/file.h"

namespace coditect::process {

ScratchFolder::ScratchFolder(const std::string& parent) {
  const char* home = ::getenv("HOME");
  path_ = JoinPath(!parent.empty()   ? parent
                   : home != nullptr ? home
                                     : "/tmp",
                   "coditect-test-XXXXXX");
  REQUIRE_MESSAGE(::mkdtemp(path_.data()) != nullptr, path_);
}

ScratchFolder::~ScratchFolder() { (void)!RemoveTree(path_).ok(); }

void Put(const std::string& path, const std::string& text, unsigned mode) {
  REQUIRE(MakeDirs(DirName(path), 0755).ok());
  const Status written = WriteFile(path, text, mode);
  REQUIRE_MESSAGE(written.ok(), Message(written));
  REQUIRE(::chmod(path.c_str(), mode) == 0);
}

bool CopyModeIsTested() { return ::getenv("CODITECT_TEST_COPY") != nullptr; }

Options TestOptions(const std::string& state_folder) {
  Options options;
  options.state_folder = state_folder;
  options.workspace = CopyModeIsTested() ? WorkspaceMode::kCopy : WorkspaceMode::kOverlay;
  options.limits.wall = std::chrono::seconds(30);
  options.disk_reserve_bytes = 1 << 20;
  return options;
}

Context TestContext(int seconds) { return Context{}.WithTimeout(std::chrono::seconds(seconds)); }

Bench::Bench(const std::string& repo) {
  options.label = "r-1/t-1/1-1";
  options.repo_path = JoinPath(scratch_.path(), repo);
  options.base = JoinPath(scratch_.path(), "base");
  sandbox_options = TestOptions(JoinPath(scratch_.path(), "state"));
  REQUIRE(MakeDirs(options.repo_path, 0755).ok());
  REQUIRE(MakeDirs(options.base, 0755).ok());
}

void Bench::Start() {
  StatusOr<std::unique_ptr<coditect::Sandbox>> sandbox = Sandbox::Create(sandbox_options);
  REQUIRE_MESSAGE(sandbox.ok(), Message(sandbox.status()));
  sandbox_ = *std::move(sandbox);
}

void Bench::Open() {
  if (sandbox_ == nullptr) Start();
  StatusOr<std::unique_ptr<Workspace>> workspace = sandbox_->OpenWorkspace(TestContext(), options);
  REQUIRE_MESSAGE(workspace.ok(), Message(workspace.status()));
  workspace_ = *std::move(workspace);
}

std::unique_ptr<SandboxProcess> Bench::Launch(const SandboxCommand& command) {
  if (workspace_ == nullptr) Open();
  StatusOr<std::unique_ptr<SandboxProcess>> process = workspace_->Launch(TestContext(), command);
  REQUIRE_MESSAGE(process.ok(), Message(process.status()));
  return *std::move(process);
}

SandboxResult Bench::Run(const SandboxCommand& command) {
  const StatusOr<SandboxResult> result = Launch(command)->Wait(TestContext());
  REQUIRE_MESSAGE(result.ok(), Message(result.status()));
  return *result;
}

SandboxResult Bench::Run(std::vector<std::string> argv, SandboxLimits limits) {
  SandboxCommand command;
  command.argv = std::move(argv);
  command.limits = limits;
  return Run(command);
}

std::string Bench::Shell(const std::string& script) {
  const SandboxResult result = Run({"/bin/sh", "-c", script});
  INFO(script, " printed ", result.output);
  REQUIRE_EQ(EndedByName(result.ended_by), "exit");
  REQUIRE_EQ(result.exit_code, 0);
  return result.output;
}

std::vector<std::string> Bench::Changes() {
  const StatusOr<std::vector<FileChange>> changes = workspace_->Changes();
  REQUIRE_MESSAGE(changes.ok(), Message(changes.status()));
  std::vector<std::string> lines;
  for (const FileChange& change : *changes) {
    switch (change.kind) {
      case FileChange::Kind::kDelete:
        lines.push_back(StrCat("-", change.path));
        break;
      case FileChange::Kind::kSymlink:
        lines.push_back(StrCat("@", change.path, " -> ", change.content));
        break;
      case FileChange::Kind::kWrite:
        lines.push_back(
            StrCat("+", change.path, change.executable ? "*" : "", " ", change.content));
        break;
    }
  }
  return lines;
}

pid_t StartTestsAgain(const std::string& suites, const TestRun& run, const std::string& output) {
  const pid_t pid = ::fork();
  REQUIRE(pid >= 0);
  if (pid != 0) return pid;
  const int file = ::open(output.c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0600);
  ::dup2(file, 1);
  ::dup2(file, 2);
  ::setenv("HOME", run.home.c_str(), 1);
  if (run.copy_mode) ::setenv("CODITECT_TEST_COPY", "1", 1);
  if (run.uid != 0 &&
      (::setgroups(0, nullptr) != 0 || ::setgid(run.uid) != 0 || ::setuid(run.uid) != 0)) {
    ::_exit(126);
  }
  const std::string filter = "--test-suite=" + suites;
  ::execl("/proc/self/exe", "/proc/self/exe", filter.c_str(), nullptr);
  ::_exit(127);
}

}  // namespace coditect::process
