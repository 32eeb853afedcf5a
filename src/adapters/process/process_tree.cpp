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

struct ProcessStat {
  pid_t pid = 0;
  pid_t parent = 0;
  TreeUsage usage;
};

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

// Field numbers are those of proc(5), counted from the state (3) on, after the command's name,
// which may hold anything.
bool ReadStat(pid_t pid, ProcessStat* out) {
  const std::string text = ReadProcFile(pid, "stat");
  const size_t name_end = text.rfind(')');
  if (name_end == std::string::npos) return false;
  const std::vector<std::string> fields = Split(std::string_view(text).substr(name_end + 2), ' ');
  if (fields.size() < 22) return false;
  const auto number = [&](size_t field) {
    return static_cast<uint64_t>(::strtoull(fields[field - 3].c_str(), nullptr, 10));
  };
  const uint64_t ticks = number(14) + number(15) + number(16) + number(17);
  out->pid = pid;
  out->parent = static_cast<pid_t>(number(4));
  out->usage.cpu_us = ticks * 1'000'000 / static_cast<uint64_t>(::sysconf(_SC_CLK_TCK));
  out->usage.tasks = number(20);
  out->usage.resident_bytes = number(24) * static_cast<uint64_t>(::sysconf(_SC_PAGESIZE));
  return true;
}

// Descendants of `root`, not itself, without `spared` and theirs.
std::vector<ProcessStat> Descendants(pid_t root, const std::vector<pid_t>& spared) {
  std::multimap<pid_t, ProcessStat> by_parent;
  for (const pid_t pid : AllPids()) {
    ProcessStat stat;
    const bool is_spared = std::find(spared.begin(), spared.end(), pid) != spared.end();
    if (!is_spared && ReadStat(pid, &stat)) by_parent.emplace(stat.parent, stat);
  }
  std::vector<ProcessStat> out;
  std::vector<pid_t> open = {root};
  while (!open.empty()) {
    const auto [begin, end] = by_parent.equal_range(open.back());
    open.pop_back();
    for (auto it = begin; it != end; ++it) {
      out.push_back(it->second);
      open.push_back(it->second.pid);
    }
  }
  return out;
}

}  // namespace

TreeUsage MeasureTree(pid_t root) {
  TreeUsage sum;
  ProcessStat stat;
  std::vector<ProcessStat> all = Descendants(root, {});
  if (ReadStat(root, &stat)) all.push_back(stat);
  for (const ProcessStat& process : all) {
    sum.cpu_us += process.usage.cpu_us;
    sum.resident_bytes += process.usage.resident_bytes;
    sum.tasks += process.usage.tasks;
  }
  return sum;
}

void KillDescendants(pid_t root, const std::vector<pid_t>& spared) {
  for (;;) {
    const std::vector<ProcessStat> left = Descendants(root, spared);
    if (left.empty()) return;
    // Stopped first, so that a fork bomb cannot outrun the killing.
    for (const ProcessStat& process : left) ::kill(process.pid, SIGSTOP);
    for (const ProcessStat& process : left) ::kill(process.pid, SIGKILL);
    for (const ProcessStat& process : left) {
      if (process.parent == root) ::waitpid(process.pid, nullptr, 0);
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
