// Generated C++ projects of a chosen size, with CMake and tests.
#include "benchmarks/support/cxx_project.h"

#include "src/base/strings.h"

namespace coditect::bench {
namespace {

constexpr int kTests = 10;
constexpr int kLinesOfFunction = 16;  // with the empty one

std::string Function(int file, int number) {
  return StrCat("int unit_", file, "_", number, "(const std::vector<int>& values, int limit) {\n",
                "  std::map<int, int> seen;\n  int total = ", number, ";\n",
                "  for (size_t i = 0; i < values.size(); ++i) {\n",
                "    if (values[i] > limit) {\n      total += values[i] - limit;\n",
                "    } else {\n      seen[values[i] % 7] += 1;\n    }\n  }\n",
                "  for (const auto& entry : seen) {\n",
                "    if (entry.second > 1) total += entry.first;\n  }\n", "  return total;\n}\n\n");
}

}  // namespace

std::map<std::string, std::string> CxxProject(int files, int lines) {
  std::map<std::string, std::string> project;
  const int functions = std::max(1, lines / kLinesOfFunction);
  std::string sources;
  for (int file = 0; file < files; ++file) {
    const int next = (file + 1) % files;
    std::string header = "#pragma once\n#include <vector>\n\nnamespace work {\n";
    std::string source =
        StrCat("#include \"unit_", file, ".h\"\n\n#include <map>\n",
               "#include <string>\n\n#include \"unit_", next, ".h\"\n\n", "namespace work {\n\n");
    for (int number = 0; number < functions; ++number) {
      header +=
          StrCat("int unit_", file, "_", number, "(const std::vector<int>& values, int limit);\n");
      source += Function(file, number);
    }
    project[StrCat("include/unit_", file, ".h")] = header + "}  // namespace work\n";
    project[StrCat("src/unit_", file, ".cpp")] = source + "}  // namespace work\n";
    sources += StrCat("  src/unit_", file, ".cpp\n");
  }
  std::string cmake = StrCat("cmake_minimum_required(VERSION 3.16)\nproject(work CXX)\n",
                             "set(CMAKE_CXX_STANDARD 17)\nenable_testing()\nadd_library(work\n",
                             sources, ")\ntarget_include_directories(work PUBLIC include)\n");
  for (int test = 0; test < kTests; ++test) {
    const int file = test * files / kTests;
    cmake += StrCat("add_executable(test_", test, " tests/test_", test, ".cpp)\n",
                    "target_link_libraries(test_", test, " work)\n", "add_test(NAME test_", test,
                    " COMMAND test_", test, ")\n");
    project[StrCat("tests/test_", test, ".cpp")] =
        StrCat("#include \"unit_", file, ".h\"\n\nint main() {\n  return work::unit_", file,
               "_0({1, 1, 9}, 3) == 7 ? 0 : 1;\n}\n");
  }
  project["CMakeLists.txt"] = cmake;
  return project;
}

}  // namespace coditect::bench
