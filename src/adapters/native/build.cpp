// Scripts that configure and build.
#include "src/adapters/native/build.h"

#include <algorithm>

#include "src/base/strings.h"

namespace coditect::native {
namespace {

// Linked into every measured program: a record is written also by one that aborts, crashes or is
// told to end, which a failing test is more often than not. What writes it needs memory, and the
// heap may be what is broken: meanwhile memory comes from a place of its own, by functions that
// replace the C library's as the library allows. A program that replaces them keeps its own.
constexpr const char* kDumpSource = R"(#include <signal.h>
#include <string.h>
#include <unistd.h>
#define REPLACED __attribute__((weak))
extern void __gcov_dump(void);
static char stack[65536];
REPLACED volatile int coditect_writes_record = 0;
#ifdef __GLIBC__
extern void *__libc_malloc(size_t), *__libc_calloc(size_t, size_t), *__libc_realloc(void *, size_t);
extern void __libc_free(void *);
static char spare[1 << 20];
static size_t spared;
static void *take(size_t bytes) {
  bytes = (bytes + 15) / 16 * 16;
  if (bytes > sizeof spare - spared) return 0;
  spared += bytes;
  return spare + spared - bytes;
}
REPLACED void *malloc(size_t bytes) {
  return coditect_writes_record ? take(bytes) : __libc_malloc(bytes);
}
REPLACED void *calloc(size_t count, size_t bytes) {
  return coditect_writes_record ? take(count * bytes) : __libc_calloc(count, bytes);
}
REPLACED void *realloc(void *old, size_t bytes) {
  if (!coditect_writes_record) return __libc_realloc(old, bytes);
  char *place = take(bytes);
  if (place && old) memmove(place, old, bytes);
  return place;
}
REPLACED void free(void *place) {
  if (!coditect_writes_record) __libc_free(place);
}
#endif
static void end_by(int number) {
  signal(SIGALRM, SIG_DFL);
  if (!coditect_writes_record) {
    coditect_writes_record = 1;
    alarm(5);
    __gcov_dump();
  }
  signal(number, SIG_DFL);
  raise(number);
}
__attribute__((constructor)) static void install(void) {
  static const int numbers[] = {SIGABRT, SIGSEGV, SIGBUS,  SIGFPE,  SIGILL,
                                SIGTRAP, SIGTERM, SIGINT, SIGXCPU, SIGALRM};
  stack_t alternative = {.ss_sp = stack, .ss_size = sizeof stack};
  sigaltstack(&alternative, 0);
  for (unsigned i = 0; i < sizeof numbers / sizeof *numbers; ++i) {
    struct sigaction action = {.sa_handler = end_by,
                               .sa_flags = SA_ONSTACK | SA_RESETHAND | SA_NODEFER};
    sigaction(numbers[i], &action, 0);
  }
}
)";

// Compilers of these names, first on PATH, that add flags. A probe of the configuration sees the
// plain compiler, so that all builds are configured alike.
constexpr const char* kWrapperScript = R"(
mkdir -p "$bin"
for name in cc gcc c++ g++ c89 c99; do
  real=$(command -v $name) || continue
  sed -e "s|@REAL@|$real|" -e "s|@FLAGS@|$flags|" > "$bin/$name" <<'END'
#!/bin/sh
case "$PWD $*" in *CMakeScratch*|*CMakeTmp*|*conftest*|*meson-private*) exec @REAL@ "$@" ;; esac
exec @REAL@ "$@" @FLAGS@
END
  chmod 755 "$bin/$name"
done
printf '%s' "$PATH"
)";

// Lines are told apart without optimization only, which brings warnings of its own: no verdict
// comes from what these build.
constexpr const char* kMeasuring = R"(set -e
top=$(pwd -P)/.coditect-build
bin=$top/bin
flags="-O0 -w --coverage -fprofile-abs-path '-Wl,$top/dump.o'"
mkdir -p "$top"
cc -x c -O1 -fPIC -c - -o "$top/dump.o"
)";

// Unaligned access works on the machines this runs on, and many projects live by it; checks of
// dynamic types need what some projects switch off.
constexpr const char* kSanitizing = R"(set -e
top=$(pwd -P)/.coditect-build
bin=$top/sanitizing
flags="-O0 -g -w -fno-omit-frame-pointer -fsanitize=address,undefined"
flags="$flags -fno-sanitize=alignment,vptr"
mkdir -p "$top"
cc -x c $flags -o "$top/sanitizer-probe" -
"$top/sanitizer-probe"
flags="$flags \"-fdebug-prefix-map=../=\$PWD/../\""  # reports name no folder for "../x.c"
)";
constexpr const char* kSanitizerProbe = "int main(void) { return 0; }\n";

// Leaks are no reason for a test to fail, and looking for them needs ptrace.
constexpr const char* kAddressOptions =
    "detect_leaks=0:detect_odr_violation=0:allocator_may_return_null=1";
constexpr const char* kUndefinedOptions = "print_stacktrace=1";

constexpr const char* kJobs = "-j\"$(nproc)\"";

// Says at once, and by its name, what a download would say after minutes of retries. Of a build
// only: what tests do with loopback is their own.
constexpr const char* kProxy = "http://the-sandbox-has-no-network.invalid";

// What an earlier build of the person's downloaded is there, read-only, by the place where they
// keep it; CMake reads each dependency from there.
constexpr const char* kPopulated = R"sh(set --
for source in */_deps/*-src */*/_deps/*-src; do
  [ -d "$source" ] && [ -n "$(ls -A "$source")" ] || continue
  name=$(basename "$source" -src | tr a-z A-Z)
  set -- "$@" "-DFETCHCONTENT_SOURCE_DIR_$name=$PWD/$source"
done
)sh";

constexpr const char* kClean = R"sh(
if [ ! -f "$build/.coditect" ] && [ -d "$build" ]; then
  find "$build" -mindepth 1 -maxdepth 1 ! -name _deps -exec rm -rf {} +
fi
mkdir -p "$build"
touch "$build/.coditect"
)sh";

constexpr std::string_view kPlace = "-B";  // an argument of a plan: where the plain build lies

// A compiler for another machine makes tests that cannot run here, unless CMake has an emulator.
constexpr const char* kForeign = R"sh(
if grep -qs '^set(CMAKE_CROSSCOMPILING "TRUE")' "$build"/CMakeFiles/*/CMakeSystem.cmake; then
  toolchain=$(sed -n 's/^include("\(.*\)")$/\1/p' "$build"/CMakeFiles/*/CMakeSystem.cmake | head -1)
  if ! grep -qs '^CMAKE_CROSSCOMPILING_EMULATOR:[^=]*=.' "$build/CMakeCache.txt" &&
     ! grep -qs CMAKE_CROSSCOMPILING_EMULATOR "$toolchain"; then
    for program in "$build"/CMakeFiles/*/CompilerId*/a.out; do
      [ -f "$program" ] || continue
      code=0
      "$program" >/dev/null 2>&1 || code=$?
      if [ $code -eq 126 ] || [ $code -eq 127 ]; then
        echo "coditect: built for another machine by $toolchain" >&2
        exit 1
      fi
    done
  fi
fi
)sh";

/// Configures where that was not done yet; after it `build` is the folder.
std::string ConfigureScript(const HarnessPlan& plan, const std::string& folder) {
  std::string arguments;
  bool placed = false;
  for (const std::string& argument : plan.arguments) {
    placed |= argument.starts_with("-S");
    if (!argument.starts_with(kPlace)) arguments += " " + ShellQuote(argument);
  }
  if (plan.runner == "ctest") {
    // A folder that is not ours may hold what a person built: nothing of it is used but sources.
    const bool ours = folder.starts_with(kBuildRoot);
    return StrCat("set -e\nbuild=", folder, "\n", ours ? "" : kClean,
                  "if [ ! -f $build/CMakeCache.txt ]; then\n", kPopulated, "cmake",
                  placed ? "" : " -S .", " -B $build", arguments, " \"$@\"", kForeign, "fi\n");
  }
  return StrCat("set -e\n[ -d ", folder, "/meson-info ] || meson setup ", folder, arguments, "\n");
}

std::string BuildScript(const HarnessPlan& plan, const std::string& folder) {
  return StrCat(ConfigureScript(plan, folder),
                plan.runner == "ctest" ? "cmake --build " : "meson compile -C ", folder, ' ',
                kJobs);
}

}  // namespace

std::string BuildFolder(const HarnessPlan& plan, BuildKind kind) {
  if (plan.runner == "command") return ".";
  for (const std::string& argument : plan.arguments) {
    if (kind == BuildKind::kPlain && argument.starts_with(kPlace)) {
      return argument.substr(kPlace.size());
    }
  }
  if (kind == BuildKind::kSanitized) return kSanitizedFolder;
  return StrCat(kBuildRoot, kind == BuildKind::kPlain ? "/plain" : "/measured");
}

StatusOr<std::map<std::string, std::string>> BuildEnvironment(const Context& ctx, Shell& shell,
                                                              BuildKind kind) {
  std::map<std::string, std::string> environment;
  if (kind == BuildKind::kPlain) return environment;
  ShellOptions options;
  const bool measures = kind == BuildKind::kMeasured;
  options.stdin_bytes = measures ? kDumpSource : kSanitizerProbe;
  if (!measures) {
    environment = {{"ASAN_OPTIONS", kAddressOptions}, {"UBSAN_OPTIONS", kUndefinedOptions}};
    options.environment = environment;
  }
  const std::string script = StrCat(measures ? kMeasuring : kSanitizing, kWrapperScript);
  ASSIGN_OR_RETURN(const SandboxResult result, shell.Run(ctx, script, options));
  if (result.ended_by != EndedBy::kExit || result.exit_code != 0) {
    return FailedPrecondition(measures ? "the compiler cc does not work in the sandbox: "
                                       : "the sanitizers of the compiler cc do not work here: ",
                              EscapeForTerminal(result.output));
  }
  ASSIGN_OR_RETURN(const std::string repository, shell.Repository(ctx));
  environment["PATH"] =
      StrCat(repository, "/", kBuildRoot, measures ? "/bin:" : "/sanitizing:", result.output);
  environment["CCACHE_DISABLE"] = "1";
  return environment;
}

StatusOr<SandboxResult> Build(const Context& ctx, Shell& shell, const HarnessPlan& plan,
                              const std::map<std::string, std::string>& environment, BuildKind kind,
                              const std::vector<std::string>& targets) {
  if (plan.runner == "command") {
    // What an earlier plain build left does not count the lines it executes.
    if (kind != BuildKind::kPlain) RETURN_IF_ERROR(ForgetObjects(ctx, shell));
    SandboxResult nothing;
    nothing.exit_code = 0;
    return nothing;
  }
  ShellOptions options;
  options.environment = environment;
  options.environment["LC_ALL"] = "C";  // messages that failure_text.h reads
  for (const char* name : {"http_proxy", "https_proxy", "ftp_proxy", "all_proxy"}) {
    options.environment[name] = kProxy;
  }
  options.environment["no_proxy"] = "localhost,127.0.0.1,::1";
  const std::string folder = BuildFolder(plan, kind);
  const bool some = !targets.empty() && plan.runner == "ctest" &&
                    std::ranges::none_of(targets, &std::string::empty);
  if (some) {
    std::string script = kind == BuildKind::kSanitized ? ConfigureScript(plan, folder) : "";
    script += StrCat("exec cmake --build ", folder, ' ', kJobs, " --target");
    for (const std::string& target : targets) script += StrCat(' ', ShellQuote(target));
    ASSIGN_OR_RETURN(SandboxResult result, shell.Run(ctx, script, options));
    const bool unknown = Contains(result.output, "No rule to make target") ||
                         Contains(result.output, "unknown target");
    if (result.exit_code == 0 || !unknown) return result;
  }
  return shell.Run(ctx, BuildScript(plan, folder), options);
}

Status ForgetObjects(const Context& ctx, Shell& shell) {
  // Newer than every object: any build tool that compares times builds them again.
  return shell
      .Run(ctx,
           "find . -name .git -prune -o -name .coditect-build -prune -o -type f "
           "\\( -name '*.c' -o -name '*.cc' -o -name '*.cpp' -o -name '*.cxx' -o -name '*.C' \\) "
           "-exec touch {} +")
      .status();
}

}  // namespace coditect::native
