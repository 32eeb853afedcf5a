// Small repositories for tests.
#include "src/adapters/python/testing/project.h"

#include <unistd.h>

#include <cstdlib>

#include "src/adapters/python/harness.h"
#include "src/base/check.h"
#include "src/base/file.h"
#include "src/base/strings.h"

namespace coditect::python {
namespace {

std::string MakeFolder() {
  std::string name = "/tmp/coditect-python-XXXXXX";
  CHECK(::mkdtemp(name.data()) != nullptr);
  return *RealPath(name);
}

bool HasPytest(const std::string& interpreter) {
  const std::string command =
      StrCat(ShellQuote(interpreter), " -c 'import pytest' >/dev/null 2>&1");
  return std::system(command.c_str()) == 0;
}

std::vector<std::string> FindPythons() {
  std::vector<std::string> candidates = {"/usr/bin/python3"};
  if (const char* more = std::getenv("CODITECT_TEST_PYTHONS")) {
    for (const std::string& path : Split(more, ':')) candidates.push_back(path);
  }
  std::vector<std::string> found;
  for (const std::string& path : candidates) {
    if (PathExists(path) && HasPytest(path)) found.push_back(path);
  }
  return found;
}

}  // namespace

const std::vector<std::string>& TestPythons() {
  static const std::vector<std::string> found = FindPythons();
  return found;
}

Project::Project(const Files& files, std::string interpreter,
                 std::map<std::string, std::string> environment)
    : folder_(MakeFolder()), interpreter_(std::move(interpreter)) {
  if (interpreter_.empty() && !TestPythons().empty()) interpreter_ = TestPythons().front();
  const std::string repository = JoinPath(folder_, "repository");
  CHECK(MakeDirs(repository).ok());
  CHECK(MakeDirs(JoinPath(folder_, "tmp")).ok());
  for (const auto& [path, text] : files) {
    CHECK(MakeDirs(DirName(JoinPath(repository, path))).ok());
    CHECK(WriteFile(JoinPath(repository, path), text).ok());
  }
  environment.insert({{"PATH", "/usr/bin:/bin"},
                      {"HOME", JoinPath(folder_, "tmp")},
                      {"TMPDIR", JoinPath(folder_, "tmp")},
                      {"LANG", "C.UTF-8"}});
  workspace_ = std::make_unique<TestingWorkspace>(repository, std::move(environment));
  auto harness = CreateHarness({.folder = JoinPath(folder_, "support"), .inside = ""});
  CHECK_WITH(harness.ok(), Message(harness.status()));
  harness_ = *std::move(harness);
}

Project::~Project() {
  workspace_.reset();
  CHECK(RemoveTree(folder_).ok());
}

std::string Project::text(const std::string& path) const {
  return *ReadFile(JoinPath(JoinPath(folder_, "repository"), path));
}

StatusOr<HarnessPlan> Project::Detect(const std::string& verify_command) {
  DetectRequest request;
  request.verify_command = verify_command;
  request.toolchain.python = interpreter_;
  std::vector<std::string> folders = {""};
  const std::string repository = JoinPath(folder_, "repository");
  while (!folders.empty()) {
    const std::string folder = folders.back();
    folders.pop_back();
    ASSIGN_OR_RETURN(const auto names, ListDir(JoinPath(repository, folder)));
    for (const std::string& name : names) {
      const std::string path = folder.empty() ? name : JoinPath(folder, name);
      if (ListDir(JoinPath(repository, path)).ok()) {
        folders.push_back(path);
      } else {
        request.files.push_back({.path = path, .mode = 0100644, .object_id = "", .size_bytes = 1});
      }
    }
  }
  return harness_->Detect({}, *workspace_, request);
}

StatusOr<TestReport> Project::Run(std::vector<std::string> ids, TraceMode trace) {
  TestRunRequest request;
  ASSIGN_OR_RETURN(request.plan, Detect());
  request.ids = std::move(ids);
  request.trace = trace;
  return RunWith(std::move(request));
}

StatusOr<TestReport> Project::RunWith(TestRunRequest request) {
  return harness_->Run({}, *workspace_, request);
}

Candidate Project::Replace(const std::string& path, const std::string& before,
                           const std::string& after, int nth) const {
  const std::string source = text(path);
  size_t at = source.find(before);
  for (; nth > 0; --nth) at = source.find(before, at + 1);
  CHECK_WITH(at != std::string::npos, before);
  SourceEdit edit;
  edit.file = path;
  edit.start = static_cast<uint32_t>(at);
  edit.end = static_cast<uint32_t>(at + before.size());
  edit.replacement = after;
  return {.number = 0, .edits = {std::move(edit)}};
}

TestCase CaseOf(const TestReport& report, const std::string& id) {
  for (const TestCase& test : report.cases) {
    if (test.id == id) return test;
  }
  return {};
}

std::string StatusOf(const TestReport& report, const std::string& id) {
  switch (CaseOf(report, id).status) {
    case TestStatus::kPassed:
      return "passed";
    case TestStatus::kFailed:
      return "failed";
    case TestStatus::kSkipped:
      return "skipped";
    case TestStatus::kUnspecified:
      break;
  }
  return "-";
}

std::vector<uint32_t> LinesOf(const TestReport& report, const std::string& id,
                              const std::string& file) {
  for (const TestCoverage& coverage : report.coverage) {
    if (coverage.id != id) continue;
    for (const FileLines& lines : coverage.files) {
      if (lines.file == file) return lines.lines;
    }
  }
  return {};
}

}  // namespace coditect::python
