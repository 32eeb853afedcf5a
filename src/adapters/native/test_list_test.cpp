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
      R"([{"name":"sum","suite":["calc:unit"],"cmd":["/b/s"]},{"name":"sum","suite":["calc:slow"]},
          {"name":"x","cmd":["/b/x","-v"],"env":{"A":"1"},"workdir":null,"timeout":30,
           "protocol":"exitcode"},{"name":"y","cmd":["/b/y"],"protocol":"tap"}])",
      "b", /*by_exit=*/true);
  REQUIRE(tests.ok());
  REQUIRE_EQ(tests->size(), 3);
  CHECK_EQ(tests->at(0).id, "calc:sum");
  CHECK_FALSE(tests->at(0).by_exit_alone);  // two of one name
  const ListedTest& direct = tests->at(1);
  CHECK_EQ(direct.id, "x");
  CHECK(direct.by_exit_alone);
  CHECK_EQ(direct.skip_code, 77);
  CHECK_EQ(direct.folder, "b");
  CHECK_EQ(direct.wall_ms, 30'000);
  CHECK_EQ(direct.environment.at("A"), "1");
  CHECK_FALSE(tests->at(2).by_exit_alone);
}

TEST_CASE("AWayToSkipLeavesTheProgramToItsFramework") {
  const auto tests = ParseCTestList(R"({"tests":[
    {"name":"A.b","command":["/b/a"],"properties":[
      {"name":"SKIP_REGULAR_EXPRESSION","value":["SKIPPED"]},{"name":"TIMEOUT","value":1.5}]},
    {"name":"c","command":["/b/a"],"properties":[{"name":"SKIP_RETURN_CODE","value":4}]},
    {"name":"d","command":["/b/a"],"properties":[{"name":"WILL_FAIL","value":true},
      {"name":"SKIP_REGULAR_EXPRESSION","value":["x"]}]}]})",
                                    "b");
  REQUIRE(tests.ok());
  CHECK_FALSE(tests->at(0).by_exit_alone);
  CHECK(tests->at(0).skip_by_output);
  CHECK_EQ(tests->at(0).wall_ms, 1500);
  CHECK(tests->at(1).by_exit_alone);
  CHECK_EQ(tests->at(1).skip_code, 4);
  CHECK_FALSE(tests->at(2).skip_by_output);
}

TEST_CASE("AnIdNamesItsProgramWithOrWithoutACase") {
  std::vector<ListedTest> tests(2);
  tests[0].id = "unit";
  tests[1].id = "unit::more";
  CHECK_EQ(FindProgram(tests, "unit::Sum.Small"), &tests[0]);
  CHECK_EQ(FindProgram(tests, "unit"), &tests[0]);
  CHECK_EQ(FindProgram(tests, "unity"), nullptr);
}

TEST_CASE("AnythingElseIsRefused") {
  for (const char* text : {"", "{", "[]", "{}", R"({"tests":7})"}) {
    CAPTURE(text);
    CHECK_EQ(ParseCTestList(text, "b").status().code(), absl::StatusCode::kInvalidArgument);
  }
  CHECK_EQ(ParseMesonList("{}", "b", true).status().code(), absl::StatusCode::kInvalidArgument);
}

}  // namespace
}  // namespace coditect::native
