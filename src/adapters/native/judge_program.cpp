// Source of the judging program, what it reads and what it answers.
#include "src/adapters/native/judge_program.h"

#include "src/adapters/native/alternatives.h"
#include "src/base/strings.h"

namespace coditect::native {
namespace {

// Lines in: "limits CPU_MS WALL_MS", "test", "folder F", "arg A", "env K=V", "run N".
// Lines out: "N PASSED TIMED_OUT". Tests get no input and say nothing; what they leave running
// dies.
constexpr const char* kSource = R"(#define _GNU_SOURCE
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>
struct test { char *folder; char **args; int arg_count; char **env; int env_count; };
static struct test *tests;
static int test_count;
static long cpu_ms, wall_ms;
static void push(char ***list, int *count, const char *text) {
  *list = realloc(*list, (*count + 2) * sizeof **list);
  (*list)[(*count)++] = strdup(text);
  (*list)[*count] = NULL;
}
static void timer(int which, long ms) {
  struct itimerval value = {{0, 0}, {ms / 1000, ms % 1000 * 1000}};
  if (ms > 0) setitimer(which, &value, NULL);
}
static void child(const struct test *test, const char *number) {
  int i, null = open("/dev/null", O_RDWR);
  struct rlimit cpu = {cpu_ms / 1000 + 2, cpu_ms / 1000 + 2}, core = {0, 0};
  sigset_t none;
  sigemptyset(&none);
  sigprocmask(SIG_SETMASK, &none, NULL);
  setpgid(0, 0);
  dup2(null, 0); dup2(null, 1); dup2(null, 2);
  if (test->folder && chdir(test->folder) != 0) _exit(126);
  for (i = 0; i < test->env_count; ++i) putenv(test->env[i]);
  setenv("CODITECT_ALTERNATIVE", number, 1);
  setrlimit(RLIMIT_CORE, &core);
  if (cpu_ms > 0) setrlimit(RLIMIT_CPU, &cpu);
  timer(ITIMER_PROF, cpu_ms);
  execvp(test->args[0], test->args);
  _exit(127);
}
/* 0 passed, 1 failed, 2 out of time */
static int run(const struct test *test, const char *number) {
  int status = 0, late = 0;
  sigset_t set;
  struct timespec limit = {wall_ms / 1000, wall_ms % 1000 * 1000000};
  pid_t pid = fork();
  if (pid == 0) child(test, number);
  setpgid(pid, pid);
  sigemptyset(&set);
  sigaddset(&set, SIGCHLD);
  while (waitpid(pid, &status, WNOHANG) == 0) {
    if (sigtimedwait(&set, NULL, &limit) < 0) {
      late = 1;
      kill(-pid, SIGKILL);
      waitpid(pid, &status, 0);
      break;
    }
  }
  kill(-pid, SIGKILL);
  kill_orphans();
  if (late) return 2;
  if (WIFSIGNALED(status) && (WTERMSIG(status) == SIGPROF || WTERMSIG(status) == SIGXCPU)) return 2;
  return !(WIFEXITED(status) && WEXITSTATUS(status) == 0);
}
int main(void) {
  char *line = NULL;
  size_t size = 0;
  ssize_t length;
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, SIGCHLD);
  sigprocmask(SIG_BLOCK, &set, NULL);
  setvbuf(stdout, NULL, _IOLBF, 0);
  prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0);
  while ((length = getline(&line, &size, stdin)) > 0) {
    struct test *last = test_count ? &tests[test_count - 1] : NULL;
    if (line[length - 1] == '\n') line[length - 1] = 0;
    if (strncmp(line, "limits ", 7) == 0) sscanf(line + 7, "%ld %ld", &cpu_ms, &wall_ms);
    if (strcmp(line, "test") == 0) {
      tests = realloc(tests, (test_count + 1) * sizeof *tests);
      memset(&tests[test_count++], 0, sizeof *tests);
    }
    if (last && strncmp(line, "folder ", 7) == 0) last->folder = strdup(line + 7);
    if (last && strncmp(line, "arg ", 4) == 0) push(&last->args, &last->arg_count, line + 4);
    if (last && strncmp(line, "env ", 4) == 0) push(&last->env, &last->env_count, line + 4);
    if (strncmp(line, "run ", 4) == 0) {
      int i, verdict = 0;
      for (i = 0; i < test_count && verdict == 0; ++i) verdict = run(&tests[i], line + 4);
      printf("%s %d %d\n", line + 4, verdict == 0 ? i : i - 1, verdict == 2);
    }
  }
  return 0;
}
)";

bool IsOneLine(std::string_view text) { return text.find('\n') == std::string_view::npos; }

}  // namespace

std::string JudgeSource() { return StrCat(kKillOrphansSource, kSource); }

Status MakeJudge(const Context& ctx, Shell& shell) {
  ShellOptions options;
  options.stdin_bytes = JudgeSource();
  const std::string script =
      StrCat("mkdir -p ", kBuildRoot, " && cc -x c -O1 -w - -o ", kBuildRoot, "/judge");
  ASSIGN_OR_RETURN(const SandboxResult result, shell.Run(ctx, script, options));
  if (result.ended_by == EndedBy::kExit && result.exit_code == 0) return absl::OkStatus();
  return FailedPrecondition("the judging program does not compile here: ",
                            EscapeForTerminal(result.output));
}

std::optional<std::string> JudgeInput(const JudgeRequest& request) {
  std::string input =
      StrCat("limits ", request.test_cpu.count(), ' ', request.test_wall.count(), "\n");
  for (const Job& test : request.tests) {
    input += "test\n";
    if (!IsOneLine(test.folder)) return std::nullopt;
    if (!test.folder.empty()) input += StrCat("folder ", test.folder, "\n");
    for (const std::string& word : test.argv) {
      if (!IsOneLine(word)) return std::nullopt;
      input += StrCat("arg ", word, "\n");
    }
    for (const auto& [name, value] : test.environment) {
      if (!IsOneLine(name) || !IsOneLine(value)) return std::nullopt;
      input += StrCat("env ", name, "=", value, "\n");
    }
  }
  for (const uint32_t number : request.numbers) input += StrCat("run ", number, "\n");
  return input;
}

StatusOr<std::vector<AlternativeVerdict>> RunJudge(const Context& ctx, Shell& shell,
                                                   const JudgeRequest& request) {
  ShellOptions options;
  const auto input = JudgeInput(request);
  if (!input) return FailedPrecondition("a test's command has more than one line");
  options.stdin_bytes = *input;
  options.keep_bytes = 1 << 20;
  ASSIGN_OR_RETURN(const SandboxResult result,
                   shell.Run(ctx, StrCat("exec ", kBuildRoot, "/judge"), options));
  std::vector<AlternativeVerdict> verdicts;
  for (const std::string& line : Split(result.output, '\n')) {
    const std::vector<std::string> words = Split(line, ' ');
    long long number = 0;
    long long passed = 0;
    if (words.size() != 3 || verdicts.size() >= request.numbers.size()) break;
    if (!ParseInt(words[0], 0, 1 << 30, &number) || !ParseInt(words[1], 0, 1 << 30, &passed)) break;
    if (request.numbers[verdicts.size()] != static_cast<uint32_t>(number)) break;
    verdicts.push_back(
        {static_cast<uint32_t>(number), static_cast<uint32_t>(passed), words[2] == "1"});
  }
  return verdicts;
}

}  // namespace coditect::native
