// Which files of a repository are C or C++, which of them are tests, and what builds and runs them.
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "src/adapters/native/build_system.h"
#include "src/base/status.h"
#include "src/domain/change.h"

namespace coditect::native {

/// What the files say about the build and the tests.
struct SourceLayout {
  bool any_source = false;
  bool any_cxx = false;                 // a file that only a C++ compiler reads
  bool python_project = false;          // the top says that it is a Python package first of all
  BuildSystem build;                    // that is used; without a runner = no test was found
  std::string obstacle;                 // why there is none, when the build files say that
  std::vector<std::string> test_files;  // hold tests or configure the build; ascending
};

/// Reads a file of the repository; an error or "" when it cannot be had.
using FileReader = std::function<StatusOr<std::string>(const std::string& path)>;

/// Looks at names, into build files and into a bounded number of source files.
SourceLayout FindSources(const std::vector<TreeEntry>& files, const FileReader& read);

/// True for C and C++ files, headers too.
bool IsNativeSource(std::string_view path);

}  // namespace coditect::native
