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
  ListedTest direct;
  direct.command = {"/b/t", "-x y"};
  direct.folder = "/b";
  direct.environment = {{"A", "1"}};
  direct.by_exit_alone = true;
  ListedTest scripted;
  scripted.command = {"/b/u"};
  scripted.script = "exec ctest -R u";
  request.tests = {direct, scripted};
  CHECK_EQ(JudgeInput(request).value_or(""),
           "limits 300 3000\ntest\nfolder /b\narg /b/t\narg -x y\nenv A=1\n"
           "test\narg /bin/sh\narg -c\narg exec ctest -R u\nrun 2\nrun 5\n");
}

TEST_CASE("ACommandOfSeveralLinesCannotBeTold") {
  JudgeRequest request;
  ListedTest test;
  test.command = {"/b/t", "a\nrun 7"};
  test.by_exit_alone = true;
  request.tests = {test};
  CHECK_FALSE(JudgeInput(request).has_value());
}

}  // namespace
}  // namespace coditect::native
