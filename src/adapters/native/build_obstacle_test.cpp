// What build tools say, as sentences with a next step.
#include "src/adapters/native/build_obstacle.h"

#include <doctest/doctest.h>

#include "src/base/strings.h"

namespace coditect::native {
namespace {

TEST_CASE("WhatABuildLacksIsNamedWithTheNextStep") {
  const struct {
    const char* output;
    const char* says;
  } cases[] = {
      {"fatal: unable to access 'https://h/g.git/': Could not resolve host: h\n"
       "CMake Error at F.cmake:16 (message):\n  Build step for googletest failed: 2\n",
       "downloads googletest, "},
      {"[1/8] Performing download step (download, verify and extract) for 'fancy'\n"
       "  Could not resolve proxy: the-sandbox-has-no-network.invalid\n",
       "downloads fancy, "},
      {"CMake Error at CMakeLists.txt:3 (file):\n  file DOWNLOAD cannot compute hash on failed\n\n"
       "    status: [5;\"Could not resolve proxy name\"]\n",
       "downloads a file (CMakeLists.txt:3), "},
      {"  Failed to clone repository: 'https://h/g.git'\n", "downloads https://h/g.git, "},
      {"  Could not find a package configuration file provided by \"Boost\" with any\n",
       "needs Boost, "},
      {"  Could NOT find ZLIB (missing: ZLIB_LIBRARY)\n", "needs ZLIB, "},
      {"meson.build:2:0: ERROR: Dependency \"glib-2.0\" not found, tried pkgconfig\n",
       "needs glib-2.0, "},
      {"  The CMAKE_C_COMPILER:\n\n    arm-none-eabi-gcc\n\n  is not a full path and was not found "
       "in the PATH.\n",
       "names the compiler arm-none-eabi-gcc, "},
      {"  No CMAKE_CXX_COMPILER could be found.\n", "`apt install g++`"},
      {"CMake Error: CMake was unable to find a build program corresponding to \"Ninja\".\n",
       "`apt install ninja-build`"},
      {"CMake Error: Could not create named generator Xcode\n\nGenerators\n",
       "the generator, Xcode, that CMAKE_GENERATOR or a preset names"},
      {"cp: cannot create regular file '/usr/local/include/a.h': Read-only file system\n",
       "writes /usr/local/include/a.h, for which it needs root"},
      {"CMake Error at cmake_install.cmake:49 (file):\n  file cannot create directory: /opt/a.  "
       "Maybe need administrative privileges.\n",
       "writes /opt/a, for which it needs root"},
      {"sudo: effective uid is not 0\n", "asks for root (sudo: effective uid is not 0)"},
      {"/bin/sh: 1: flex: not found\nmake: *** [Makefile:3: a.c] Error 127\n",
       "needs the program flex, "},
      {"make[1]: bison: No such file or directory\n", "needs the program bison, "},
      {"coditect: built for another machine by /r/arm.cmake\n",
       "the toolchain file /r/arm.cmake builds for another machine"},
  };
  for (const auto& one : cases) {
    CAPTURE(one.output);
    const std::string sentence = BuildObstacle(one.output);
    CAPTURE(sentence);
    CHECK(Contains(sentence, one.says));
    CHECK_FALSE(Contains(sentence, "\n"));
  }
}

TEST_CASE("AFaultOfTheSourcesIsNoObstacle") {
  for (const char* output :
       {"", "a.c:1:2: error: 'x' undeclared\n",
        "a.c:1:10: fatal error: b.h: No such file or directory\n",
        "make: *** No rule to make target 'x'.  Stop.\n",
        "make: *** x: No such file or directory.  Stop.\n",
        "/bin/sh: 1: ./gen.sh: Permission denied\n", "/r/gen.sh: Permission denied\n",
        "undefined reference to `f'\n", "symbol not found\n", "Could NOT find \n"}) {
    CAPTURE(output);
    CHECK_EQ(BuildObstacle(output), "");
  }
}

}  // namespace
}  // namespace coditect::native
