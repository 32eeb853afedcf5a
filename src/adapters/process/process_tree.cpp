// Walks of /proc.
#include "src/adapters/process/process_tree.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <map>
#include <memory>

#include "src/adapters/process/system_calls.h"
#include "src/base/strings.h"

namespace coditect::process {
namespace {

constexpr uint64_t kProcFileBytesMax = 4 << 20;

std::vector<pid_t> AllPids() {
  struct CloseDir {
    void operator()(DIR* dir) const { ::closedir(dir); }
  };
  std::vector<pid_t> pids;
  std::unique_ptr<DIR, CloseDir> dir(::opendir("/proc"));
  if (dir == nullptr) return pids;
  while (const dirent* entry = ::readdir(dir.get())) {
    const pid_t pid = ::atoi(entry->d_name);
    if (pid > 0) pids.push_back(pid);
  }
  return pids;
}

std::string ReadProcFile(pid_t pid, const char* name) {
  const std::string path = StrCat("/proc/", pid, "/", name);
  UniqueFd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!fd.valid()) return "";
  return ReadDescriptor(fd.get(), kProcFileBytesMax, path).value_or("");
}

}  // namespace

// Field numbers are those of proc(5), counted from the state (3) on, after the command's name,
// which may hold anything.
bool ProcessTable::ReadStat(pid_t pid, Process* out) {
  const std::string text = ReadProcFile(pid, "stat");
  const size_t name_end = text.rfind(')');
  if (name_end == std::string::npos) return false;
  const std::vector<std::string> fields = Split(std::string_view(text).substr(name_end + 2), ' ');
  if (fields.size() < 22) return false;
  const auto number = [&](size_t field) {
    return static_cast<uint64_t>(::strtoull(fields[field - 3].c_str(), nullptr, 10));
  };
  const uint64_t ticks = number(14) + number(15) + number(16) + number(17);
  out->parent = static_cast<pid_t>(number(4));
  out->usage.cpu_us = ticks * 1'000'000 / static_cast<uint64_t>(::sysconf(_SC_CLK_TCK));
  out->usage.tasks = number(20);
  out->usage.resident_bytes = number(24) * static_cast<uint64_t>(::sysconf(_SC_PAGESIZE));
  return true;
}

ProcessTable ProcessTable::Read() {
  ProcessTable table;
  for (const pid_t pid : AllPids()) {
    Process process;
    if (!ReadStat(pid, &process)) continue;
    table.processes_.emplace(pid, process);
    table.children_.emplace(process.parent, pid);
  }
  return table;
}

std::vector<std::pair<pid_t, pid_t>> ProcessTable::Descendants(
    pid_t root, const std::vector<pid_t>& spared) const {
  std::vector<std::pair<pid_t, pid_t>> out;
  std::vector<pid_t> open = {root};
  while (!open.empty()) {
    const auto [begin, end] = children_.equal_range(open.back());
    open.pop_back();
    for (auto it = begin; it != end; ++it) {
      if (std::find(spared.begin(), spared.end(), it->second) != spared.end()) continue;
      out.emplace_back(it->second, it->first);
      open.push_back(it->second);
    }
  }
  return out;
}

TreeUsage ProcessTable::Measure(pid_t root) const {
  TreeUsage sum;
  const auto add = [&](pid_t pid) {
    const auto process = processes_.find(pid);
    if (process == processes_.end()) return;
    sum.cpu_us += process->second.usage.cpu_us;
    sum.resident_bytes += process->second.usage.resident_bytes;
    sum.tasks += process->second.usage.tasks;
  };
  add(root);
  for (const auto& [pid, parent] : Descendants(root, {})) add(pid);
  return sum;
}

void KillDescendants(pid_t root, const std::vector<pid_t>& spared) {
  for (;;) {
    const auto left = ProcessTable::Read().Descendants(root, spared);
    if (left.empty()) return;
    // Stopped first, so that a fork bomb cannot outrun the killing.
    for (const auto& [pid, parent] : left) ::kill(pid, SIGSTOP);
    for (const auto& [pid, parent] : left) ::kill(pid, SIGKILL);
    for (const auto& [pid, parent] : left) {
      if (parent == root) ::waitpid(pid, nullptr, 0);
    }
  }
}

std::vector<pid_t> FindProcesses(
    const std::function<bool(const std::string&, const std::string&)>& wanted) {
  std::vector<pid_t> out;
  for (const pid_t pid : AllPids()) {
    if (pid == ::getpid()) continue;
    if (wanted(ReadProcFile(pid, "cmdline"), ReadProcFile(pid, "environ"))) out.push_back(pid);
  }
  return out;
}

}  // namespace coditect::process
