// Rules of running programs.
#include "src/adapters/git/process.h"

#include <fcntl.h>
#include <signal.h>

#include <thread>

#include "src/adapters/git/testing.h"

namespace coditect::git {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using std::chrono::steady_clock;

ProcessRequest Shell(const std::string& script) {
  return {.argv = {"/bin/sh", "-c", script}, .environment = {"PATH=/usr/bin:/bin"}};
}

bool IsAlive(const std::string& pid) {
  long long number = 0;
  REQUIRE(ParseInt(TrimWhitespace(pid), 2, 1 << 30, &number));
  const StatusOr<std::string> status = ReadFile(StrCat("/proc/", number, "/stat"));
  return status.ok() && !Has(*status, ") Z ");
}

// Ends `script` by a deadline that leaves it the time to write the file "self".
void RunIntoDeadline(const TestFolder& folder, const std::string& script) {
  ProcessRequest request = Shell(script);
  request.folder = folder.path();
  milliseconds time{100};
  while (!Has(ReadFile(folder.Sub("self")).value_or(""), "\n")) {
    const auto start = steady_clock::now();
    CHECK(absl::IsDeadlineExceeded(RunProcess(Context().WithTimeout(time), request).status()));
    CHECK(steady_clock::now() - start < time + seconds(30));
    time *= 2;
  }
}

// An orphan's end is awaited by nobody but the kernel.
void AwaitEnd(const TestFolder& folder, const char* file) {
  const Context ctx = Context().WithTimeout(seconds(30));
  while (IsAlive(Ok(ReadFile(folder.Sub(file))))) Ok(Pause(ctx, milliseconds(1)));
}

}  // namespace

TEST_CASE("ArgumentsReachTheProgramAsTheyAre") {
  const ProcessResult result =
      Ok(RunProcess(Context(), {.argv = {"/usr/bin/printf", "%s|%s", "$(id) `id` *", "a b\n"}}));
  CHECK(result.out == "$(id) `id` *|a b\n");
  CHECK(result.exit_code == 0);
}

TEST_CASE("OnlyTheGivenEnvironmentIsPassedOn") {
  CHECK(Ok(RunProcess(Context(), {.argv = {"/usr/bin/env"}, .environment = {"A=1"}})).out ==
        "A=1\n");
}

TEST_CASE("LargeInputAndOutputAtOnceDoNotDeadlock") {
  const std::string bytes(8 << 20, 'x');
  CHECK(Ok(RunProcess(Context(), {.argv = {"/bin/cat"}, .stdin_bytes = bytes})).out == bytes);
}

TEST_CASE("AProgramThatDoesNotReadItsInputIsNoError") {
  const std::string bytes(8 << 20, 'x');
  CHECK(Ok(RunProcess(Context(), {.argv = {"/bin/true"}, .stdin_bytes = bytes})).exit_code == 0);
}

TEST_CASE("TooMuchOutputEndsTheProgram") {
  ProcessRequest request = Shell("while :; do echo 0123456789; done");
  request.stdout_bytes_max = 100'000;
  CHECK(absl::IsResourceExhausted(RunProcess(Context(), request).status()));
}

TEST_CASE("ErrorOutputIsKeptUpToItsLimitAndDrainedBeyond") {
  const ProcessResult result =
      Ok(RunProcess(Context(), Shell("i=0; while [ $i -lt 20000 ]; do echo 0123456789 >&2; "
                                     "i=$((i+1)); done; exit 7")));
  CHECK(result.err.size() == kStderrBytesMax);
  CHECK(result.exit_code == 7);
}

TEST_CASE("StreamedOutputMayEndTheProgram") {
  ProcessRequest request = Shell("while :; do echo 0123456789; done");
  request.on_stdout = [](std::string_view) { return InvalidArgument("enough"); };
  CHECK(Message(RunProcess(Context(), request).status()) == "enough");
}

TEST_CASE("TheDeadlineEndsTheProgramAndItsChildren") {
  TestFolder folder;
  RunIntoDeadline(folder, "sleep 100 & echo $! > child; echo $$ > self; sleep 100");
  AwaitEnd(folder, "child");
  CHECK_FALSE(IsAlive(Ok(ReadFile(folder.Sub("self")))));
}

TEST_CASE("AProgramThatIgnoresSigtermIsKilled") {
  TestFolder folder;
  RunIntoDeadline(folder, "trap '' TERM; echo $$ > self; while :; do sleep 1; done");
  CHECK_FALSE(IsAlive(Ok(ReadFile(folder.Sub("self")))));
}

TEST_CASE("CancellationEndsTheProgram") {
  const Context ctx;
  std::thread canceller([&] { ctx.cancel.Cancel(); });
  CHECK(absl::IsCancelled(RunProcess(ctx, Shell("sleep 100")).status()));
  canceller.join();
  CHECK(absl::IsCancelled(Pause(ctx, seconds(100))));
}

TEST_CASE("AGrandchildThatKeepsThePipesIsNotWaitedForAndNotLeft") {
  TestFolder folder;
  ProcessRequest request = Shell("(sleep 100 & echo $! > child); echo done");
  request.folder = folder.path();
  CHECK(Ok(RunProcess(Context().WithTimeout(seconds(20)), request)).out == "done\n");
  AwaitEnd(folder, "child");
}

TEST_CASE("NoDescriptorLeaksButTheInheritedOnes") {
  const UniqueFd zero(::open("/dev/zero", O_RDONLY | O_CLOEXEC));
  const UniqueFd leak(::fcntl(zero.get(), F_DUPFD, 50));
  const UniqueFd given = HighFd(UniqueFd(::open("/dev/full", O_RDONLY | O_CLOEXEC)));
  ProcessRequest request = Shell("for f in /proc/$$/fd/*; do readlink $f; done");
  request.inherited_fds = {given.get()};
  const std::string out = Ok(RunProcess(Context(), request)).out;
  CHECK_FALSE(Has(out, "/dev/zero"));
  CHECK(Has(out, "/dev/full"));
}

TEST_CASE("AMissingProgramIsNotFound") {
  CHECK(absl::IsNotFound(RunProcess(Context(), {.argv = {"/nonexistent/program"}}).status()));
}

TEST_CASE("SignalsThatWeIgnoreAreDefaultInTheProgram") {
  const auto before = ::signal(SIGUSR1, SIG_IGN);
  CHECK(Ok(RunProcess(Context(), Shell("kill -USR1 $$; exit 0"))).signal == SIGUSR1);
  ::signal(SIGUSR1, before);
}

}  // namespace coditect::git
