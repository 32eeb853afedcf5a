// Which files of a repository hold or configure its Python tests, and what runner they ask for.
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "src/base/status.h"
#include "src/domain/change.h"

namespace coditect::python {

/// What the files say about the tests.
struct TestLayout {
  std::vector<std::string> test_files;  // hold tests, help them or configure them; ascending
  bool any_python = false;
  bool any_test = false;         // at least one file with tests, by its name
  bool asks_for_pytest = false;  // configuration, an import of pytest, a conftest.py
  bool plain_functions = false;  // `def test…` at module level
  bool test_cases = false;       // classes of unittest
};

/// Reads a file of the repository; an error or "" when it cannot be had.
using FileReader = std::function<StatusOr<std::string>(const std::string& path)>;

/// Looks at names, and into configuration files and a bounded number of test files.
TestLayout FindTests(const std::vector<TreeEntry>& files, const FileReader& read);

/// True for a file that pytest's and unittest's own rules take for tests, by its name.
bool IsTestModule(std::string_view path);

}  // namespace coditect::python
