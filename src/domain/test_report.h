// What a run of tests showed, in one shape for every language's runner.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "src/domain/fields.h"
#include "src/domain/ids.h"

namespace coditect {

enum class TestStatus { kUnspecified, kPassed, kFailed, kSkipped };
constexpr auto EnumNames(TestStatus) {
  return std::array<std::string_view, 4>{"TEST_UNSPECIFIED", "TEST_PASSED", "TEST_FAILED",
                                         "TEST_SKIPPED"};
}

/// One frame of a failure's stack, innermost last. `file` is relative to the repository when it
/// lies in it.
struct StackFrame {
  std::string file;
  uint32_t line = 0;
  std::string function;

  bool operator==(const StackFrame&) const = default;
  template <class Self, class Visitor>
  static void Fields(Self& self, Visitor&& visit) {
    visit(1, "file", self.file);
    visit(2, "line", self.line);
    visit(3, "function", self.function);
  }
};

/// error_type of a test that was ended since it used more CPU time than it was given.
inline constexpr std::string_view kCpuLimitError = "CpuLimit";

struct TestCase {
  std::string id;  // design.md section 3, detail 9
  TestStatus status = TestStatus::kUnspecified;
  uint64_t wall_us = 0;
  std::string message;  // why it failed or was skipped, at most 2 KiB
  std::string error_type;
  std::vector<StackFrame> stack;
  std::string file;  // where the test stands, relative to the repository; "" = unknown
  uint32_t line = 0;
  bool network = false;  // it tried to reach something outside loopback
  bool crashed = false;  // it ended as undefined behaviour ends: a fault's signal, a broken heap

  bool operator==(const TestCase&) const = default;
  template <class Self, class Visitor>
  static void Fields(Self& self, Visitor&& visit) {
    visit(1, "id", self.id);
    visit(2, "status", self.status);
    visit(3, "wall_us", self.wall_us);
    visit(4, "message", self.message);
    visit(5, "error_type", self.error_type);
    visit(6, "stack", self.stack);
    visit(7, "file", self.file);
    visit(8, "line", self.line);
    visit(9, "network", self.network);
    visit(27, "crashed", self.crashed);
  }
};

/// A file whose tests could not be collected.
struct CollectionError {
  std::string file;
  std::string message;
  std::string missing_module;  // set when an import failed
  std::vector<StackFrame> stack;
  std::string package;  // what an installer calls the missing module

  bool operator==(const CollectionError&) const = default;
  template <class Self, class Visitor>
  static void Fields(Self& self, Visitor&& visit) {
    visit(1, "file", self.file);
    visit(2, "message", self.message);
    visit(3, "missing_module", self.missing_module);
    visit(4, "stack", self.stack);
    visit(5, "package", self.package);
  }
};

/// Lines of one file, ascending, counted from 1.
struct FileLines {
  std::string file;
  std::vector<uint32_t> lines;

  bool operator==(const FileLines&) const = default;
  template <class Self, class Visitor>
  static void Fields(Self& self, Visitor&& visit) {
    visit(1, "file", self.file);
    visit(2, "lines", self.lines);
  }
};

/// Lines of the repository one test executed.
struct TestCoverage {
  std::string id;  // "" = executed while the tests were collected: definitions, module level
  std::vector<FileLines> files;

  bool operator==(const TestCoverage&) const = default;
  template <class Self, class Visitor>
  static void Fields(Self& self, Visitor&& visit) {
    visit(1, "id", self.id);
    visit(2, "files", self.files);
  }
};

/// What a sanitizer reported while a test ran: an error whether or not the test fails by it.
struct SanitizerFinding {
  std::string id;                    // the test
  std::string kind;                  // "heap-buffer-overflow", "signed integer overflow", …
  std::string message;               // the report's first line, at most 512 bytes
  std::vector<StackFrame> stack;     // of the repository only, innermost last; never empty
  std::vector<StackFrame> involved;  // innermost frames of who allocated or freed what it is about

  bool operator==(const SanitizerFinding&) const = default;
  template <class Self, class Visitor>
  static void Fields(Self& self, Visitor&& visit) {
    visit(1, "id", self.id);
    visit(2, "kind", self.kind);
    visit(3, "message", self.message);
    visit(4, "stack", self.stack);
    visit(5, "involved", self.involved);
  }
};

/// One run of a test runner.
struct TestReport {
  std::vector<TestCase> cases;  // in the order they ran
  std::vector<CollectionError> collection_errors;
  std::vector<TestCoverage> coverage;  // when per-test coverage was asked for
  std::vector<FileLines> executed;     // when changed lines were watched
  bool normal_end = false;             // the runner's own end record was seen
  std::string ended_by;                // "exit", "signal", "wall", "memory", …
  int32_t exit_code = 0;
  uint64_t wall_ms = 0;
  uint64_t cpu_ms = 0;
  uint64_t memory_bytes = 0;
  std::string output;   // head and tail of what the runner printed
  std::string command;  // the command line, as a person would type it
  std::vector<std::string> warnings;
  bool build_failed = false;  // it seems that no test could run since something does not compile
  std::vector<SanitizerFinding> findings;  // when sanitizers were asked; as the tests ran

  bool operator==(const TestReport&) const = default;
  template <class Self, class Visitor>
  static void Fields(Self& self, Visitor&& visit) {
    visit(1, "cases", self.cases);
    visit(2, "collection_errors", self.collection_errors);
    visit(3, "coverage", self.coverage);
    visit(4, "executed", self.executed);
    visit(5, "normal_end", self.normal_end);
    visit(6, "ended_by", self.ended_by);
    visit(7, "exit_code", self.exit_code);
    visit(8, "wall_ms", self.wall_ms);
    visit(9, "cpu_ms", self.cpu_ms);
    visit(10, "memory_bytes", self.memory_bytes);
    visit(11, "output", self.output);
    visit(12, "command", self.command);
    visit(13, "warnings", self.warnings);
    visit(14, "build_failed", self.build_failed);
    visit(27, "findings", self.findings);
  }
};

/// How the tests of a repository are run.
struct HarnessPlan {
  std::string language;  // "python"
  std::string runner;    // "pytest", "unittest" or "command"
  std::string command;   // as a person would type it
  std::string interpreter;
  std::string runner_version;
  std::string language_version;
  std::vector<std::string> test_files;  // relative paths that hold tests or configure them
  std::vector<std::string> arguments;   // of the build's configuration, part of `command`
  std::vector<std::string> notes;       // what a person should know of it, one sentence each
  std::vector<HarnessPlan> parts;       // two suites run as one: the compiled one, then Python's

  bool operator==(const HarnessPlan&) const = default;
  template <class Self, class Visitor>
  static void Fields(Self& self, Visitor&& visit) {
    visit(1, "language", self.language);
    visit(2, "runner", self.runner);
    visit(3, "command", self.command);
    visit(4, "interpreter", self.interpreter);
    visit(5, "runner_version", self.runner_version);
    visit(6, "language_version", self.language_version);
    visit(7, "test_files", self.test_files);
    visit(8, "arguments", self.arguments);
    visit(15, "notes", self.notes);
    visit(16, "parts", self.parts);
  }
};

/// The tests of the base commit, classified; the observe task's blob.
struct Baseline {
  HarnessPlan harness;
  std::vector<TestCase> cases;
  std::vector<std::string> passed;   // ids that must stay passing
  std::vector<std::string> goal;     // ids to be mended
  std::vector<std::string> flaky;    // left out of the goal
  std::vector<std::string> network;  // left out of the goal
  uint64_t suite_ms = 0;
  uint64_t memory_bytes = 0;
  std::vector<std::string> unstable;  // functions whose ids were folded (domain/unstable_ids.h)
  std::vector<std::string> outside;   // failing ids that the person did not ask to have mended

  bool operator==(const Baseline&) const = default;
  template <class Self, class Visitor>
  static void Fields(Self& self, Visitor&& visit) {
    visit(1, "harness", self.harness);
    visit(2, "cases", self.cases);
    visit(3, "passed", self.passed);
    visit(4, "goal", self.goal);
    visit(5, "flaky", self.flaky);
    visit(6, "network", self.network);
    visit(7, "suite_ms", self.suite_ms);
    visit(8, "memory_bytes", self.memory_bytes);
    visit(9, "unstable", self.unstable);
    visit(10, "outside", self.outside);
  }
};

}  // namespace coditect
