// What the judging program is told.
#include "src/adapters/native/judge_program.h"

#include <doctest/doctest.h>

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

}  // namespace
}  // namespace coditect::native
