// gcov's JSON as lines.
#include "src/adapters/native/coverage.h"

#include <doctest/doctest.h>

#include "src/base/strings.h"

namespace coditect::native {
namespace {

constexpr const char* kFirst =
    R"({"current_working_directory":"/r/b","files":[)"
    R"({"file":"../src/a.h","lines":[{"line_number":3,"count":2},{"line_number":4,"count":0}]},)"
    R"({"file":"/usr/include/c++/12/vector","lines":[{"line_number":1,"count":9}]},)"
    R"({"file":"/r/.coditect-build/x.c","lines":[{"line_number":1,"count":9}]}]})";
constexpr const char* kSecond =
    R"({"current_working_directory":"/r","files":[{"file":"src/a.h","lines":[)"
    R"({"line_number":9,"count":1},{"line_number":3,"count":1},{"line_number":-1,"count":1},)"
    R"({"line_number":"2","count":1}]}]})";

TEST_CASE("CountedLinesOfTheRepositoryAreJoinedByFile") {
  const auto lines = ParseCoverage(StrCat(kFirst, "\nnot json\n[1]\n{}\n", kSecond, "\n"), "/r");
  REQUIRE_EQ(lines.size(), 1);
  CHECK_EQ(lines[0].file, "src/a.h");
  CHECK_EQ(lines[0].lines, std::vector<uint32_t>{3, 9});
}

}  // namespace
}  // namespace coditect::native
