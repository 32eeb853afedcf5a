// What ctest and meson list.
#include "src/adapters/native/test_list.h"

#include <doctest/doctest.h>

namespace coditect::native {
namespace {

TEST_CASE("CTestsListIsReadWithWhatDecidesATest") {
  const auto tests = ParseCTestList(R"({"kind":"ctestInfo","tests":[
    {"name":"a+b","command":["/b/a","-x"],"properties":[
      {"name":"WORKING_DIRECTORY","value":"/b"},{"name":"ENVIRONMENT","value":["A=1","B=x=y"]},
      {"name":"TIMEOUT","value":3}]},
    {"name":"inverted","command":["/b/a"],"properties":[{"name":"WILL_FAIL","value":true}]},
    {"name":"off","properties":[{"name":"DISABLED","value":true}]}, 7, {"command":["x"]}]})",
                                    "b");
  REQUIRE(tests.ok());
  REQUIRE_EQ(tests->size(), 3);
  const ListedTest& first = tests->at(0);
  CHECK_EQ(first.id, "a+b");
  CHECK_EQ(first.folder, "/b");
  CHECK_EQ(first.environment.at("B"), "x=y");
  CHECK(first.by_exit_alone);
  CHECK(first.script.find(R"('^a\+b$')") != std::string::npos);
  CHECK_FALSE(tests->at(1).by_exit_alone);
  CHECK(tests->at(2).disabled);
  CHECK_FALSE(tests->at(2).by_exit_alone);
}

TEST_CASE("MesonsTestsAreNamedWithTheirProject") {
  const auto tests = ParseMesonList(
      R"([{"name":"sum","suite":["calc:unit"]},{"name":"sum","suite":["calc:slow"]},{"name":"x"}])",
      "b");
  REQUIRE(tests.ok());
  REQUIRE_EQ(tests->size(), 2);
  CHECK_EQ(tests->at(0).id, "calc:sum");
  CHECK_EQ(tests->at(1).id, "x");
}

TEST_CASE("AnythingElseIsRefused") {
  for (const char* text : {"", "{", "[]", "{}", R"({"tests":7})"}) {
    CAPTURE(text);
    CHECK_EQ(ParseCTestList(text, "b").status().code(), absl::StatusCode::kInvalidArgument);
  }
  CHECK_EQ(ParseMesonList("{}", "b").status().code(), absl::StatusCode::kInvalidArgument);
}

}  // namespace
}  // namespace coditect::native
