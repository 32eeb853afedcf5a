// What the judging program is told.
#include "src/adapters/native/judge_program.h"

#include <doctest/doctest.h>
#include <sys/resource.h>

#include <cstdlib>
#include <filesystem>

#include "src/base/file.h"
#include "src/base/strings.h"

namespace coditect::native {
namespace {

TEST_CASE("TestsAreToldAsLinesBeforeTheRuns") {
  JudgeRequest request;
  request.test_cpu = std::chrono::milliseconds(300);
  request.test_wall = std::chrono::milliseconds(3000);
  request.numbers = {2, 5};
  const Job direct = {.argv = {"/b/t", "-x y"}, .folder = "/b", .environment = {{"A", "1"}}};
  const Job scripted = {.argv = {"/bin/sh", "-c", "exec ctest -R u"}};
  request.tests = {direct, scripted};
  CHECK_EQ(JudgeInput(request).value_or(""),
           "limits 300 3000\ntest\nfolder /b\narg /b/t\narg -x y\nenv A=1\n"
           "test\narg /bin/sh\narg -c\narg exec ctest -R u\nrun 2\nrun 5\n");
}

TEST_CASE("ACommandOfSeveralLinesCannotBeTold") {
  JudgeRequest request;
  request.tests = {{.argv = {"/b/t", "a\nrun 7"}}};
  CHECK_FALSE(JudgeInput(request).has_value());
}

// A test whose alternatives do what candidates do that went wrong.
constexpr const char* kRunaways = R"(#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/file.h>
#include <unistd.h>
int main(void) {
  int ends[2];
  char byte[1];
  switch (atoi(getenv("CODITECT_ALTERNATIVE"))) {
    case 1: for (;;) {}
    case 2: signal(SIGPROF, SIG_IGN); for (;;) {}
    case 3:
      if (pipe(ends) != 0) return 2;
      if (fork() == 0) {
        setsid();
        if (fork() != 0) _exit(0);
        flock(open("alive", O_CREAT | O_RDWR, 0600), LOCK_EX);
        write(ends[1], "x", 1);
        for (;;) {}
      }
      return read(ends[0], byte, 1) != 1;
    case 4: for (;;) pause();
    case 5: return 1;
    case 6: /* a daemon whose parent dies only with the test */
      if (pipe(ends) != 0) return 2;
      if (fork() == 0) {
        setsid();
        if (fork() == 0) write(ends[1], "x", 1);
        for (;;) pause();
      }
      return read(ends[0], byte, 1) != 1;
  }
  return 0;
}
)";

TEST_CASE("WhatLoopsWaitsOrForksEndsWithItsRunAtABoundedPrice") {
  std::string folder = std::filesystem::temp_directory_path() / "coditect-judge-XXXXXX";
  REQUIRE(::mkdtemp(folder.data()) != nullptr);
  JudgeRequest request;
  request.test_cpu = std::chrono::milliseconds(200);
  request.test_wall = std::chrono::milliseconds(10'000);
  request.numbers = {0, 1, 2, 3, 5, 6};
  request.tests = {{.argv = {folder + "/runaways"}, .folder = folder}};
  JudgeRequest waiting = request;
  waiting.test_wall = std::chrono::milliseconds(200);
  waiting.numbers = {4};
  REQUIRE(WriteFile(folder + "/judge.c", JudgeSource()).ok());
  REQUIRE(WriteFile(folder + "/runaways.c", kRunaways).ok());
  REQUIRE(WriteFile(folder + "/in", *JudgeInput(request) + *JudgeInput(waiting)).ok());
  rusage before{};
  ::getrusage(RUSAGE_CHILDREN, &before);
  const std::string script = StrCat("cd '", folder, "' && cc -w judge.c -o judge && cc -w ",
                                    "runaways.c -o runaways && ./judge < in > out");
  REQUIRE_EQ(std::system(script.c_str()), 0);
  rusage after{};
  ::getrusage(RUSAGE_CHILDREN, &after);
  CHECK_EQ(ReadFile(folder + "/out").value_or(""),
           "0 1 0\n1 0 1\n2 0 0\n3 1 0\n5 0 0\n6 1 0\n4 0 1\n");
  CHECK(after.ru_utime.tv_sec - before.ru_utime.tv_sec < 8);
  const std::string held = StrCat("flock -n '", folder, "/alive' true");
  CHECK_EQ(std::system(held.c_str()), 0);  // the lock's owner is gone
  REQUIRE(RemoveTree(folder).ok());
}

}  // namespace
}  // namespace coditect::native
