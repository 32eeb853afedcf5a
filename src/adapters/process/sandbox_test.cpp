// A workspace and its launches, as every mode must show them.
#include <doctest/doctest.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "src/adapters/process/test_bench.h"
#include "src/base/file.h"
#include "src/base/sha256.h"

namespace coditect::process {

TEST_SUITE_BEGIN("any mode");
TEST_CASE("ACommandRunsInTheRepositoryAtThePersonsPath") {
  Bench bench;
  Put(bench.base() + "/sub/hello.txt", "hi\n");
  CHECK_EQ(bench.Shell("pwd; cat sub/hello.txt"), bench.repo() + "\nhi\n");
  SandboxCommand command;
  command.argv = {"pwd"};
  command.folder = "sub";
  CHECK_EQ(bench.Run(command).output, bench.repo() + "/sub\n");
}

TEST_CASE("TheBaseIsSeenAndNotThePersonsTree") {
  // An editable install: the person's uncommitted fix must not make the base's bug disappear.
  Bench bench;
  Put(bench.base() + "/src/calc.py", "def add(a, b):\n    return a - b\n");
  Put(bench.repo() + "/src/calc.py", "def add(a, b):\n    return a + b\n");
  Put(bench.repo() + "/.venv/lib/editable.pth", bench.repo() + "/src\n");
  Put(bench.repo() + "/.venv/bin/marker", "#!/bin/sh\necho from the venv\n", 0755);
  bench.options.toolchain.overlays = {".venv"};
  const SandboxResult result =
      bench.Run({"/usr/bin/python3", "-c",
                 "import site; site.addsitedir('.venv/lib'); import calc; print(calc.add(2, 2), "
                 "calc.__file__)"});
  CHECK_EQ(result.output, StrCat("0 ", bench.repo(), "/src/calc.py\n"));
  CHECK_EQ(bench.Shell(".venv/bin/marker"), "from the venv\n");
}

TEST_CASE("CompilersInterpretersAndShellsWork") {
  Bench bench;
  Put(bench.base() + "/main.c", "#include <stdio.h>\nint main(void) { puts(\"built\"); }\n");
  CHECK_EQ(bench.Shell("gcc -O1 -o /tmp/a main.c && /tmp/a"), "built\n");
  CHECK_EQ(bench.Shell("python3 -c 'import ssl, sqlite3, ctypes; print(6 * 7)'"), "42\n");
  CHECK_EQ(bench.Shell("ls -l /dev/fd/0 > /dev/null && echo x | cat /dev/stdin"), "x\n");
  CHECK_EQ(bench.Shell("python3 -c 'import multiprocessing as m; print(m.Pool(2).map(abs, [-1]))'"),
           "[1]\n");
}

TEST_CASE("EndsAreTold") {
  Bench bench;
  SandboxResult result = bench.Run({"sh", "-c", "exit 7"});
  CHECK_EQ(EndedByName(result.ended_by), "exit");
  CHECK_EQ(result.exit_code, 7);
  result = bench.Run({"sh", "-c", "kill -SEGV $$"});
  CHECK_EQ(EndedByName(result.ended_by), "signal");
  CHECK_EQ(result.signal, SIGSEGV);
  CHECK_EQ(bench.Run({"sh", "-c", "kill -PIPE $$"}).signal, SIGPIPE);
  CHECK_EQ(result.exit_code, -1);
}

TEST_CASE("ACommandThatCannotStartIsAnError") {
  Bench bench;
  Put(bench.base() + "/data", "no program", 0644);
  Put(bench.base() + "/odd", "#!/no/such/interpreter\n", 0755);
  const auto status_of = [&](const std::string& name, const std::string& folder = "") {
    SandboxCommand command;
    command.argv = {name};
    command.folder = folder;
    return bench.Launch(command)->Wait(TestContext()).status();
  };
  CHECK_EQ(status_of("no-such-program").code(), absl::StatusCode::kNotFound);
  CHECK_EQ(status_of("./data").code(), absl::StatusCode::kPermissionDenied);
  CHECK_EQ(status_of("./odd").code(), absl::StatusCode::kNotFound);
  CHECK_EQ(status_of("true", "no/such/folder").code(), absl::StatusCode::kNotFound);
}

TEST_CASE("ImpossibleCommandsAreRefused") {
  Bench bench;
  bench.Open();
  const auto refused = [&](const SandboxCommand& command) {
    return bench.workspace().Launch(TestContext(), command).status().code() ==
           absl::StatusCode::kInvalidArgument;
  };
  CHECK(refused({}));
  CHECK(refused({.argv = {""}}));
  CHECK(refused({.argv = {std::string("a\0b", 3)}}));
  CHECK(refused({.argv = {"true", std::string(200 << 10, 'x')}}));
  CHECK(refused({.argv = {"true"}, .environment = {{"A=B", "c"}}}));
  CHECK(refused({.argv = {"true"}, .environment = {{"A", std::string("x\0y", 3)}}}));
  CHECK(refused({.argv = {"true"}, .folder = "../.."}));
  CHECK(refused({.argv = {"true"}, .folder = "/etc"}));
}

TEST_CASE("StandardInputIsGivenWhole") {
  Bench bench;
  SandboxCommand command;
  command.argv = {"sha256sum"};
  CHECK(bench.Run(command).output.starts_with("e3b0c44298fc"));
  command.stdin_bytes = std::string(3 << 20, 'a');
  CHECK_EQ(bench.Run(command).output, Sha256Hex(command.stdin_bytes) + "  -\n");
}

TEST_CASE("OutputKeepsHeadAndTailAndTheOrderOfBothStreams") {
  Bench bench;
  CHECK_EQ(bench.Shell("echo a; echo b >&2; echo c"), "a\nb\nc\n");
  SandboxCommand command;
  command.argv = {"seq", "1", "100000"};
  command.output_keep_bytes = 20;
  const SandboxResult result = bench.Run(command);
  CHECK_EQ(result.output_bytes, 588895);
  CHECK_EQ(result.output, "1\n2\n3\n4\n5\n\n[... 588875 bytes left out ...]\n99\n100000\n");
}

TEST_CASE("TheChannelWorksBothWays") {
  Bench bench;
  SandboxCommand command;
  command.channel = true;
  command.argv = {"python3", "-c",
                  "import socket\n"
                  "s = socket.socket(fileno=3)\n"
                  "while True:\n"
                  "  data = s.recv(100)\n"
                  "  if not data: break\n"
                  "  s.sendall(data.upper())\n"};
  const std::unique_ptr<SandboxProcess> process = bench.Launch(command);
  REQUIRE(process->channel() >= 0);
  for (const std::string text : {"hello", "again"}) {
    REQUIRE_EQ(::send(process->channel(), text.data(), text.size(), 0), 5);
    char answer[6] = {};
    REQUIRE_EQ(::recv(process->channel(), answer, 5, MSG_WAITALL), 5);
    CHECK_EQ(std::string(answer), text == "hello" ? "HELLO" : "AGAIN");
  }
  ::shutdown(process->channel(), SHUT_WR);
  const StatusOr<SandboxResult> result = process->Wait(TestContext());
  REQUIRE(result.ok());
  CHECK_EQ(result->exit_code, 0);
  char byte;
  CHECK_EQ(::recv(process->channel(), &byte, 1, 0), 0);  // nobody else holds the other end
  CHECK_EQ(bench.Launch({.argv = {"true"}})->channel(), -1);
}

TEST_CASE("ALaunchRunsWithoutBeingWaitedFor") {
  // The output of a process nobody waits for yet must not block it.
  Bench bench;
  SandboxCommand command;
  command.channel = true;
  command.argv = {"python3", "-c",
                  "import os, sys\nsys.stdout.write('x' * 1000000)\nsys.stdout.flush()\n"
                  "os.write(3, b'!')"};
  const std::unique_ptr<SandboxProcess> process = bench.Launch(command);
  char byte = 0;
  CHECK_EQ(::recv(process->channel(), &byte, 1, 0), 1);
  CHECK_EQ(byte, '!');
  CHECK_EQ(process->Wait(TestContext())->output_bytes, 1000000);
}

TEST_CASE("TwoLaunchesOfOneWorkspaceShareFilesButNotTmpNorProcesses") {
  Bench bench;
  const std::unique_ptr<SandboxProcess> first =
      bench.Launch({.argv = {"sh", "-c", "echo 1 > shared; echo 1 > /tmp/private; sleep 20"}});
  CHECK_EQ(bench.Shell("while ! [ -s shared ]; do :; done; cat shared; ls /tmp; "
                       "set -- /proc/[0-9]*; echo $#"),
           "1\nhome\n2\n");  // init, sh
  const StatusOr<std::vector<FileChange>> changes = bench.workspace().Changes();
  CHECK_EQ(changes.status().code(), absl::StatusCode::kFailedPrecondition);
  CHECK_EQ(bench.workspace().Apply({}).code(), absl::StatusCode::kFailedPrecondition);
  first->Kill();
  REQUIRE(first->Wait(TestContext()).ok());
  CHECK_EQ(bench.Changes(), std::vector<std::string>{"+shared 1\n"});
}

TEST_CASE("WorkspacesOfOneBaseDoNotSeeEachOther") {
  Bench bench;
  Put(bench.base() + "/file", "base\n");
  bench.Start();
  auto first = bench.sandbox().OpenWorkspace(TestContext(), bench.options);
  REQUIRE(first.ok());
  SandboxCommand write{.argv = {"sh", "-c", "echo changed > file"}};
  REQUIRE((*first)->Launch(TestContext(), write).value()->Wait(TestContext()).ok());
  CHECK_EQ(bench.Shell("cat file"), "base\n");
  CHECK_EQ((*first)->Read("file").value(), "changed\n");
  CHECK_EQ(ReadFile(bench.base() + "/file").value(), "base\n");
}

TEST_CASE("TheEnvironmentIsBuiltAndNotInherited") {
  Bench bench;
  ::setenv("SECRET_TOKEN", "do not show", 1);
  bench.options.toolchain.environment = {{"FROM_TOOLCHAIN", "1"}, {"HOME", "/root"}};
  bench.options.toolchain.path = {"/opt/tool/bin"};
  SandboxCommand command{.argv = {"env"}, .environment = {{"FROM_COMMAND", "2"}}};
  CHECK_EQ(bench.Run(command).output,
           "FROM_COMMAND=2\nFROM_TOOLCHAIN=1\nHOME=/tmp/home\nLANG=C.UTF-8\n"
           "PATH=/opt/tool/bin:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin\n"
           "TMPDIR=/tmp\n");
  ::unsetenv("SECRET_TOKEN");
}

TEST_CASE("ToolchainsAndFilesAppearAtTheirPlaces") {
  Bench bench;
  const std::string tool = bench.scratch() + "/private/tool";
  Put(tool + "/bin/hello", "#!/bin/sh\necho tool\n", 0700);
  ::chmod(DirName(tool).c_str(), 0700);
  Put(bench.scratch() + "/reporter.py", "print('reporter')\n", 0600);
  Put(bench.base() + "/tests/conftest.py", "base\n");
  bench.options.toolchain.read_only = {tool, "/usr/bin"};
  bench.options.read_only_files = {
      {bench.scratch() + "/reporter.py", "/coditect/reporter.py"},
      {bench.scratch() + "/reporter.py", "/tmp/deep/reporter.py"},
      {bench.scratch() + "/reporter.py", bench.repo() + "/tests/hook.py"}};
  CHECK_EQ(bench.Shell(tool + "/bin/hello; python3 /coditect/reporter.py; cat tests/hook.py "
                              "/tmp/deep/reporter.py; ls tests"),
           "tool\nreporter\nprint('reporter')\nprint('reporter')\nconftest.py\nhook.py\n");
  CHECK_EQ(bench.Run({"sh", "-c", "echo x > " + tool + "/bin/hello"}).exit_code, 2);
  CHECK_EQ(bench.Run({"sh", "-c", "echo x > tests/hook.py"}).exit_code, 2);
  CHECK_EQ(bench.Run({"rm", "-f", "tests/hook.py"}).exit_code, 1);
  CHECK_EQ(bench.Shell("cd " + bench.scratch() + "; echo *"), "private repo\n");
  CHECK(bench.Changes().empty());
}

TEST_CASE("GitIsAnEmptyReadOnlyFolder") {
  Bench bench;
  Put(bench.repo() + "/.git/config", "[core]\n");
  Put(bench.base() + "/file", "x");
  CHECK_EQ(bench.Shell("ls -A .git; mkdir .git/hooks 2>/dev/null || echo refused; "
                       "mv .git x 2>/dev/null || echo refused; rm -r .git 2>/dev/null || "
                       "echo refused"),
           "refused\nrefused\nrefused\n");
  CHECK(bench.Changes().empty());
}

TEST_CASE("AnythingBuiltOnCanBeCancelled") {
  Bench bench;
  bench.Open();
  Context ctx = TestContext();
  ctx.cancel.Cancel();
  CHECK_EQ(bench.workspace().Launch(ctx, {.argv = {"true"}}).status().code(),
           absl::StatusCode::kCancelled);
  CHECK_EQ(bench.sandbox().OpenWorkspace(ctx, bench.options).status().code(),
           absl::StatusCode::kCancelled);
}
TEST_SUITE_END();

}  // namespace coditect::process
