// Which files of a repository are C or C++, which of them are tests, and what builds and runs them.
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "src/base/status.h"
#include "src/domain/change.h"

namespace coditect::native {

/// What the files say about the build and the tests.
struct SourceLayout {
  bool any_source = false;
  bool python_project = false;          // the top says that it is a Python package first of all
  std::string runner;                   // "ctest", "meson", "command"; "" = no test was found
  std::string command;                  // what a person would type
  std::vector<std::string> arguments;   // that switch the tests on where the project has them off
  std::string build_file;               // the one that `runner` comes from; "" = none at the top
  std::vector<std::string> test_files;  // hold tests or configure the build; ascending
};

/// Reads a file of the repository; an error or "" when it cannot be had.
using FileReader = std::function<StatusOr<std::string>(const std::string& path)>;

/// Looks at names, into build files and into a bounded number of source files.
SourceLayout FindSources(const std::vector<TreeEntry>& files, const FileReader& read);

/// True for C and C++ files, headers too.
bool IsNativeSource(std::string_view path);

}  // namespace coditect::native
