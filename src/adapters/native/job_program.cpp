// Source of the program, what it reads and what it answers.
#include "src/adapters/native/job_program.h"

#include <algorithm>

#include "src/base/strings.h"

namespace coditect::native {
namespace {

constexpr uint64_t kAnswerBytesMax = uint64_t{56} << 20;  // of one launch; below its output limit
constexpr uint64_t kReportBytesMax = uint64_t{16} << 20;

// In: records "KEY LENGTH\n" BYTES "\n"; "run" ends a job. Out: "begin\n", then "end HOW CODE
// WALL_US CPU_US OUTPUT REPORT FILES\n", the bytes of output and report, and for each file
// "PATH_LENGTH LENGTH\n" with both. The program cannot be traced or looked into by what it starts.
constexpr const char* kJobSource = R"(#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
struct list { char **items; int count; };
static struct list args, env, files;
static char *folder;
static long cpu_ms, wall_ms, keep = 65536, report_max;
static int report, measured, stop;
static void add(struct list *list, char *text) {
  list->items = realloc(list->items, (list->count + 2) * sizeof(char *));
  list->items[list->count++] = text;
  list->items[list->count] = NULL;
}
static void clear(struct list *list) {
  while (list->count > 0) free(list->items[--list->count]);
}
static long long now_us(void) {
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return time.tv_sec * 1000000LL + time.tv_nsec / 1000;
}
static void on_child(int number) { (void)number; }
static int find_record(const char *path, const struct stat *info, int kind, struct FTW *at) {
  size_t length = strlen(path);
  (void)info; (void)at;
  if (kind == FTW_F && length > 5 && strcmp(path + length - 5, ".gcda") == 0)
    add(&files, strdup(path));
  return 0;
}
static int delete_one(const char *path, const struct stat *info, int kind, struct FTW *at) {
  (void)info; (void)kind; (void)at;
  remove(path);
  return 0;
}
static void child(int out, int report_fd, const char *prefix) {
  int i, null = open("/dev/null", O_RDONLY);
  struct rlimit core = {0, 0}, cpu = {(cpu_ms + 999) / 1000, (cpu_ms + 999) / 1000 + 1};
  sigset_t none;
  sigemptyset(&none);
  sigprocmask(SIG_SETMASK, &none, NULL);
  signal(SIGCHLD, SIG_DFL);
  setpgid(0, 0);
  dup2(null, 0); dup2(out, 1); dup2(out, 2);
  if (report_fd >= 0) dup2(report_fd, 9);
  for (i = 0; i < env.count; ++i) putenv(env.items[i]);
  if (prefix) setenv("GCOV_PREFIX", prefix, 1);
  setrlimit(RLIMIT_CORE, &core);
  if (cpu_ms > 0) setrlimit(RLIMIT_CPU, &cpu);
  if (folder && *folder && chdir(folder) != 0) {
    printf("there is no folder %s\n", folder);
    fflush(stdout);
    _exit(126);
  }
  execvp(args.items[0], args.items);
  printf("%s cannot be executed: %s\n", args.items[0], strerror(errno));
  fflush(stdout);
  _exit(127);
}
static char *bytes; /* the first half of `keep`, then a window of what came last */
static long used, total, head, elided;
static void take(const char *from, long count) {
  total += count;
  while (count > 0) {
    long room = keep + head - used, some = count < room ? count : room;
    if (some == 0) {
      long moved = keep / 2;
      memmove(bytes + head, bytes + used - moved, moved);
      elided += used - moved - head;
      used = head + moved;
      continue;
    }
    memcpy(bytes + used, from, some);
    used += some; from += some; count -= some;
  }
}
/* 1 while more may come */
static int drain(int in) {
  static char block[65536];
  long count = read(in, block, sizeof block);
  if (count > 0) take(block, count);
  return count > 0 || (count < 0 && errno == EINTR);
}
static void answer(char how, int code, long long wall, long long cpu, int report_fd,
                   const char *into) {
  long report_size = 0;
  int i;
  if (report_fd >= 0) {
    struct stat info;
    if (fstat(report_fd, &info) == 0 && info.st_size <= report_max) report_size = info.st_size;
  }
  if (into) nftw(into, find_record, 16, FTW_PHYS);
  printf("end %c %d %lld %lld %ld %ld %d\n", how, code, wall, cpu, used, report_size, files.count);
  fwrite(bytes, 1, used, stdout);
  for (i = 0; i < report_size;) {
    char block[65536];
    long want = report_size - i < (long)sizeof block ? report_size - i : (long)sizeof block;
    if (pread(report_fd, block, want, i) != want) exit(5);
    fwrite(block, 1, want, stdout);
    i += want;
  }
  for (i = 0; i < files.count; ++i) {
    FILE *file = fopen(files.items[i], "r");
    static char content[1 << 22];
    long size = file ? (long)fread(content, 1, sizeof content, file) : 0;
    const char *path = files.items[i] + strlen(into);
    printf("%zu %ld\n%s", strlen(path), size, path);
    fwrite(content, 1, size, stdout);
    if (file) fclose(file);
  }
  fflush(stdout);
  if (into) nftw(into, delete_one, 16, FTW_PHYS | FTW_DEPTH);
}
static void run(void) {
  int ends[2], status = 0, report_fd = -1;
  char how = 'e', prefix[] = "/tmp/coditect-XXXXXX", name[] = "/tmp/coditect-XXXXXX";
  char *into = NULL;
  long long start = now_us(), wall, cpu;
  struct rusage usage;
  sigset_t waiting;
  pid_t pid;
  sigemptyset(&waiting);
  head = keep / 2;
  bytes = malloc(keep + head + 1);
  used = total = elided = 0;
  if (pipe2(ends, O_CLOEXEC) != 0) exit(3);
  fcntl(ends[0], F_SETFL, O_NONBLOCK);
  if (report) {
    report_fd = mkostemp(name, O_CLOEXEC);
    if (report_fd >= 0) unlink(name);
  }
  if (measured) into = mkdtemp(prefix);
  printf("begin\n");
  fflush(stdout);
  pid = fork();
  if (pid == 0) child(ends[1], report_fd, into);
  if (pid < 0) exit(4);
  setpgid(pid, pid);
  close(ends[1]);
  for (;;) {
    struct pollfd in = {ends[0], POLLIN, 0};
    long left = wall_ms > 0 ? wall_ms - (now_us() - start) / 1000 : 3600000;
    struct timespec limit = {left / 1000, left % 1000 * 1000000};
    if (wait4(pid, &status, WNOHANG, &usage) == pid) break;
    if (left <= 0) how = 'w';
    if (total > (64L << 20)) how = 'o';
    if (how != 'e') {
      kill(-pid, SIGKILL);
      wait4(pid, &status, 0, &usage);
      break;
    }
    if (ppoll(&in, ends[0] >= 0, &limit, &waiting) > 0 && !drain(ends[0]) && errno != EAGAIN) {
      struct timespec rest = {0, 2000000};
      if (in.revents & POLLHUP) nanosleep(&rest, NULL);
    }
  }
  wall = now_us() - start;
  kill(-pid, SIGKILL);
  kill_orphans();
  while (drain(ends[0]) && total < (80L << 20)) {}
  close(ends[0]);
  cpu = (usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) * 1000000LL + usage.ru_utime.tv_usec +
        usage.ru_stime.tv_usec;
  if (how == 'e' && WIFSIGNALED(status)) how = 's';
  if (how == 's' && WTERMSIG(status) == SIGXCPU && cpu_ms > 0) how = 'c';
  if (how == 's' && cpu_ms > 0 && WTERMSIG(status) == SIGKILL && cpu / 1000 >= cpu_ms) how = 'c';
  answer(how, how == 'e' ? WEXITSTATUS(status) : WTERMSIG(status), wall, cpu, report_fd, into);
  if (report_fd >= 0) close(report_fd);
  free(bytes);
  if (stop && !(how == 'e' && WEXITSTATUS(status) == 0)) exit(0);
}
int main(void) {
  char key[32];
  long length;
  struct sigaction action;
  sigset_t set;
  memset(&action, 0, sizeof action);
  action.sa_handler = on_child;
  sigaction(SIGCHLD, &action, NULL);
  sigemptyset(&set);
  sigaddset(&set, SIGCHLD);
  sigprocmask(SIG_BLOCK, &set, NULL);
  prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
  prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0);
  fcntl(0, F_SETFD, FD_CLOEXEC);
  while (scanf("%31s %ld", key, &length) == 2) {
    char *value = calloc(1, length + 1);
    getchar();
    if (length > 0 && fread(value, 1, length, stdin) != (size_t)length) return 6;
    if (strcmp(key, "arg") == 0) add(&args, value);
    else if (strcmp(key, "env") == 0) add(&env, value);
    else if (strcmp(key, "folder") == 0) { free(folder); folder = value; }
    else if (strcmp(key, "cpu") == 0) cpu_ms = atol(value);
    else if (strcmp(key, "wall") == 0) wall_ms = atol(value);
    else if (strcmp(key, "keep") == 0) keep = atol(value);
    else if (strcmp(key, "report") == 0) report_max = atol(value), report = report_max > 0;
    else if (strcmp(key, "measured") == 0) measured = atoi(value);
    else if (strcmp(key, "stop") == 0) stop = atoi(value);
    else if (strcmp(key, "run") == 0) {
      if (args.count > 0) run();
      clear(&args); clear(&env); clear(&files);
    }
  }
  return 0;
}
)";

std::string Record(std::string_view key, std::string_view value) {
  return StrCat(key, " ", value.size(), "\n", value, "\n");
}

/// Reads what the program wrote; every step fails for ever once one has.
class OutcomeReader {
 public:
  explicit OutcomeReader(std::string_view text) : text_(text) {}

  std::vector<JobOutcome> Read() {
    std::vector<JobOutcome> outcomes;
    while (!text_.empty() && Line() == "begin") {
      JobOutcome outcome;
      const bool whole = ReadEnd(&outcome);
      outcomes.push_back(whole ? std::move(outcome) : JobOutcome());
      if (!whole) break;
    }
    return outcomes;
  }

 private:
  std::string_view Line() {
    const size_t end = text_.find('\n');
    if (end == std::string_view::npos) {
      text_ = {};
      return {};
    }
    const std::string_view line = text_.substr(0, end);
    text_.remove_prefix(end + 1);
    return line;
  }

  bool Take(long long length, std::string* into) {
    if (static_cast<unsigned long long>(length) > text_.size()) return false;
    *into = text_.substr(0, static_cast<size_t>(length));
    text_.remove_prefix(static_cast<size_t>(length));
    return true;
  }

  static bool Numbers(std::string_view line, size_t count, std::vector<long long>* out) {
    for (const std::string& word : Split(line, ' ')) {
      long long value = 0;
      if (!ParseInt(word, 0, int64_t{1} << 50, &value)) return false;
      out->push_back(value);
    }
    return out->size() == count;
  }

  bool ReadEnd(JobOutcome* outcome) {
    const std::string_view line = Line();
    constexpr std::string_view kHow = "escwo";  // in the order of JobEnd
    if (!line.starts_with("end ") || line.size() < 7) return false;
    const size_t how = kHow.find(line[4]);
    std::vector<long long> numbers;
    constexpr size_t kNumbers = 6;
    if (how == std::string_view::npos || !Numbers(line.substr(6), kNumbers, &numbers)) return false;
    outcome->end = static_cast<JobEnd>(how);
    outcome->code = static_cast<int>(numbers[0]);
    outcome->wall_us = static_cast<uint64_t>(numbers[1]);
    outcome->cpu_us = static_cast<uint64_t>(numbers[2]);
    if (!Take(numbers[3], &outcome->output) || !Take(numbers[4], &outcome->report)) return false;
    for (long long i = 0; i < numbers[5]; ++i) {
      std::vector<long long> lengths;
      std::pair<std::string, std::string> file;
      if (!Numbers(Line(), 2, &lengths)) return false;
      if (!Take(lengths[0], &file.first) || !Take(lengths[1], &file.second)) return false;
      outcome->records.push_back(std::move(file));
    }
    return true;
  }

  std::string_view text_;
};

}  // namespace

bool Succeeded(const JobOutcome& outcome) {
  return outcome.end == JobEnd::kExit && outcome.code == 0;
}

std::string JobInput(std::span<const Job> jobs, bool stop_at_failure) {
  std::string input = Record("stop", stop_at_failure ? "1" : "0");
  for (const Job& job : jobs) {
    for (const std::string& word : job.argv) input += Record("arg", word);
    for (const auto& [name, value] : job.environment) {
      input += Record("env", StrCat(name, "=", value));
    }
    input += Record("folder", job.folder);
    input += Record("cpu", std::to_string(job.cpu.count()));
    input += Record("wall", std::to_string(job.wall.count()));
    input += Record("keep", std::to_string(job.keep_bytes));
    input += Record("report", std::to_string(job.report ? kReportBytesMax : 0));
    input += Record("measured", job.measured ? "1" : "0");
    input += Record("run", "");
  }
  return input;
}

std::vector<JobOutcome> ReadOutcomes(std::string_view output) {
  return OutcomeReader(output).Read();
}

StatusOr<std::vector<JobOutcome>> RunJobs(const Context& ctx, Shell& shell,
                                          std::span<const Job> jobs, bool stop_at_failure) {
  if (jobs.empty()) return std::vector<JobOutcome>();
  ShellOptions options;
  options.stdin_bytes = JobInput(jobs, stop_at_failure);
  options.keep_bytes = kAnswerBytesMax;
  // Compiled where it is used: what ran before in this workspace cannot have put another there.
  const std::string program = StrCat(kBuildRoot, "/jobs");
  const std::string script =
      StrCat("mkdir -p ", kBuildRoot, " && rm -f ", program, " && cc -x c -w -o ", program,
             " - <<'CODITECT_END' && exec ", program, "\n", kKillOrphansSource, kJobSource,
             "CODITECT_END\n");
  ASSIGN_OR_RETURN(const SandboxResult result, shell.Run(ctx, script, options));
  std::vector<JobOutcome> outcomes = ReadOutcomes(result.output);
  if (outcomes.empty() && result.ended_by == EndedBy::kExit) {
    return FailedPrecondition("the program that runs tests does not compile here: ",
                              EscapeForTerminal(result.output.substr(0, 300)));
  }
  if (outcomes.empty()) outcomes.emplace_back();
  if (outcomes.size() > jobs.size()) outcomes.resize(jobs.size());
  if (outcomes.back().end == JobEnd::kLaunch) {
    outcomes.back().launch_ended =
        result.ended_by == EndedBy::kExit ? EndedBy::kKilled : result.ended_by;
    outcomes.back().wall_us = static_cast<uint64_t>(result.wall.count()) * 1000;
  }
  return outcomes;
}

}  // namespace coditect::native
