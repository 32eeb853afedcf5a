// The Python adapter of the test harness: pytest, unittest, and any command that starts Python.
#pragma once

#include <memory>
#include <string>

#include "src/base/status.h"
#include "src/ports/test_harness.h"

namespace coditect::python {

struct Options {
  std::string folder;  // host folder the support scripts are written to
  /// Where sandboxes show the scripts; "" = at the folder they are written to, for a sandbox
  /// without a root of its own.
  std::string inside = "/run/coditect/python";
};

/// Writes the support scripts unless they are there. Errors as of the file system.
StatusOr<std::unique_ptr<TestHarness>> CreateHarness(const Options& options);

}  // namespace coditect::python
