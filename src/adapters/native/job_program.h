// The program that runs many commands in one launch, inside the sandbox.
#pragma once

#include <map>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "src/adapters/native/shell.h"

namespace coditect::native {

/// Where a command finds the descriptor of its report, when it asks for one: a file without a name
/// that nothing else can open.
inline constexpr const char* kReportPath = "/proc/self/fd/9";

/// C of a function kill_orphans(void), for the head of a program that is the subreaper of what it
/// starts: ends all that outlived its parent, also what left its process group and session.
inline constexpr const char* kKillOrphansSource = R"(#define _GNU_SOURCE
#include <signal.h>
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>
static void kill_orphans(void) {
  char name[64];
  int round;
  snprintf(name, sizeof name, "/proc/self/task/%d/children", (int)getpid());
  for (round = 0; round < 100000; ++round) {
    int pids[256], count = 0;
    FILE *list = fopen(name, "r");
    while (list && count < 256 && fscanf(list, "%d", &pids[count]) == 1)
      kill(pids[count++], SIGKILL);
    if (list) fclose(list);
    if (count == 0) break;
    /* only for those: what they leave behind is still alive and comes with the next list */
    while (count > 0) waitpid(pids[--count], NULL, 0);
  }
}
)";

/// One command. It gets no input; what it leaves running dies with it.
struct Job {
  std::vector<std::string> argv;  // argv[0] is looked up in PATH
  std::string folder;             // "" = the repository's top
  std::map<std::string, std::string> environment;
  std::chrono::milliseconds cpu{0};   // of one process, rounded up to seconds; 0 = no limit
  std::chrono::milliseconds wall{0};  // 0 = no limit
  uint64_t keep_bytes = 256 << 10;    // of its output, head and tail
  bool report = false;                // has a descriptor at kReportPath
  bool measured = false;              // its gcov records are taken
};

enum class JobEnd { kExit, kSignal, kCpu, kWall, kOutput, kLaunch };

struct JobOutcome {
  JobEnd end = JobEnd::kLaunch;
  int code = 0;                           // exit code or signal
  EndedBy launch_ended = EndedBy::kExit;  // when `end` is kLaunch: it took the launch with it
  uint64_t wall_us = 0;
  uint64_t cpu_us = 0;
  std::string output;  // stdout and stderr as they came
  std::string report;
  std::vector<std::pair<std::string, std::string>> records;  // path of a .gcda file, its bytes
};

/// True for a normal end with 0.
bool Succeeded(const JobOutcome& outcome);

/// Runs the jobs one after another in one launch, each in a process group of its own, and tells
/// each one's end as the program saw it: nothing that a job prints is part of it, and no job can
/// open the program's descriptors. With `stop_at_failure` none runs after the first that did not
/// end with 0. Fewer outcomes than jobs without it: the last one told ended the launch (kLaunch).
/// FAILED_PRECONDITION when the program does not compile here.
StatusOr<std::vector<JobOutcome>> RunJobs(const Context& ctx, Shell& shell,
                                          std::span<const Job> jobs, bool stop_at_failure = false);

/// What the program reads.
std::string JobInput(std::span<const Job> jobs, bool stop_at_failure);

/// What the program wrote; stops at the first byte that is not its. An outcome with kLaunch is one
/// that began and whose end is missing.
std::vector<JobOutcome> ReadOutcomes(std::string_view output);

}  // namespace coditect::native
