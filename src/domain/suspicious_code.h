// What changed code does that ordinary code has no reason for: a sign that it was written for the
// tests and not for the task. A finding proves nothing, so it asks for a person.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "src/domain/test_integrity.h"

namespace coditect {

struct CodeChange {
  std::string_view path;
  std::string_view before;  // "" = the base has no such file
  std::string_view after;
  bool link = false;                           // it became a symbolic link
  const std::vector<std::string>& test_files;  // of the base
  std::string_view test_text;                  // of the tests to be mended
};

/// Findings of kind kSuspicious in the changed lines of one file that judges nothing: what ends or
/// replaces the process, reaches for the test runner, looks for signs of a test run, replaces what
/// tests assert with, runs before main or without being called, names a test file, or repeats
/// values that only the tests have. A rule whose words the base's version of the file has already
/// is silent. At most one finding a rule.
std::vector<Finding> FindSuspiciousCode(const CodeChange& change);

}  // namespace coditect
