// Test fixture: a small repository in a temporary folder, a harness, and interpreters to run it.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "src/adapters/python/testing/workspace.h"
#include "src/ports/test_harness.h"

namespace coditect::python {

/// Interpreters that have pytest: /usr/bin/python3, the one PATH names, and those of the variable
/// CODITECT_TEST_PYTHONS (separated by colons). Empty where there is none.
const std::vector<std::string>& TestPythons();

/// Files by relative path.
using Files = std::map<std::string, std::string>;

/// Lives in a temporary folder, removed at the end. `environment` is added to what commands get.
class Project {
 public:
  explicit Project(const Files& files, std::string interpreter = "",
                   std::map<std::string, std::string> environment = {});
  ~Project();
  Project(const Project&) = delete;
  Project& operator=(const Project&) = delete;

  const std::string& folder() const { return folder_; }
  TestHarness& harness() { return *harness_; }
  Workspace& workspace() { return *workspace_; }
  const std::string& interpreter() const { return interpreter_; }
  std::string text(const std::string& path) const;

  StatusOr<HarnessPlan> Detect(const std::string& verify_command = "");
  /// Detects and runs the whole suite, or `ids`.
  StatusOr<TestReport> Run(std::vector<std::string> ids = {}, TraceMode trace = TraceMode::kNone);
  StatusOr<TestReport> RunWith(TestRunRequest request);

  /// A candidate that replaces the `nth` occurrence (from 0) of `before` in the file.
  Candidate Replace(const std::string& path, const std::string& before, const std::string& after,
                    int nth = 0) const;

 private:
  std::string folder_;
  std::string interpreter_;
  std::unique_ptr<Workspace> workspace_;
  std::unique_ptr<TestHarness> harness_;
};

/// The case of that id; an empty one when there is none.
TestCase CaseOf(const TestReport& report, const std::string& id);

/// "passed", "failed", "skipped" or "-" for each of the ids.
std::string StatusOf(const TestReport& report, const std::string& id);

/// Lines of `file` that `id` executed.
std::vector<uint32_t> LinesOf(const TestReport& report, const std::string& id,
                              const std::string& file);

}  // namespace coditect::python
