// What a CMakeCache.txt says of the person's choices.
#include "src/adapters/native/person_build.h"

#include <doctest/doctest.h>

namespace coditect::native {

using Words = std::vector<std::string>;

TEST_CASE("OptionsOfACMakeListsAreReadWithTheirDefaults") {
  const auto options = DeclaredOptions(
      "option(WITH_ZLIB \"use zlib\" ON)\noption( BUILD_DOCS \"docs\"\n  OFF)\n"
      "cmake_dependent_option(FANCY \"f\" ON \"WITH_ZLIB\" OFF)\noption(BARE \"b\")\n");
  REQUIRE(options.size() == 4);
  CHECK(options[0].name == "WITH_ZLIB");
  CHECK(options[0].on);
  CHECK(options[1].name == "BUILD_DOCS");
  CHECK_FALSE(options[1].on);
  CHECK(options[2].on);
  CHECK_FALSE(options[3].on);
}

TEST_CASE("OnlyWhatAPersonChoseIsTakenFromTheirCache") {
  const std::vector<DeclaredOption> options = {
      {"WITH_ZLIB", true}, {"DOCS", false}, {"SAME", true}, {"BUILD_TESTS", true}};
  constexpr const char* kCache =
      "# comment\n//help\nCMAKE_BUILD_TYPE:STRING=Release\nWITH_ZLIB:BOOL=OFF\nDOCS:BOOL=1\n"
      "SAME:BOOL=ON\nBUILD_TESTS:BOOL=OFF\nOTHER:BOOL=ON\nCMAKE_CXX_COMPILER:FILEPATH=/opt/bin/"
      "g++\n"
      "CMAKE_GENERATOR:INTERNAL=Ninja\nCMAKE_HOME_DIRECTORY:INTERNAL=/home/ann/project\n";
  CHECK(ArgumentsOfCache(kCache, "/home/ann/project", options) ==
        Words{"-GNinja", "-DCMAKE_BUILD_TYPE=Release", "-DWITH_ZLIB=OFF", "-DDOCS=ON"});
  CHECK(ArgumentsOfCache(kCache, "/home/ann/other", options).empty());
  CHECK(ArgumentsOfCache("", "/home/ann/project", options).empty());
  CHECK(ArgumentsOfCache("CMAKE_HOME_DIRECTORY:INTERNAL=/p\nCMAKE_BUILD_TYPE:STRING=$(rm)\n", "/p",
                         options)
            .empty());
}

}  // namespace coditect::native
