// Where the faults probably are: the localize task's blob, read by planner and coders.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "src/domain/test_report.h"

namespace coditect {

struct SuspiciousLine {
  std::string file;
  uint32_t line = 0;
  uint32_t score_ppm = 0;  // suspiciousness in millionths, so that it is the same everywhere
  std::string function;
  uint32_t failed = 0;  // failing tests of the cluster that executed it
  uint32_t passed = 0;

  bool operator==(const SuspiciousLine&) const = default;
  template <class Self, class Visitor>
  static void Fields(Self& self, Visitor&& visit) {
    visit(1, "file", self.file);
    visit(2, "line", self.line);
    visit(3, "score_ppm", self.score_ppm);
    visit(4, "function", self.function);
    visit(5, "failed", self.failed);
    visit(6, "passed", self.passed);
  }
};

/// Failing tests that probably have one cause.
struct FaultCluster {
  std::vector<std::string> tests;       // failing ids; a file's path when it cannot be collected
  std::vector<SuspiciousLine> lines;    // most suspicious first
  std::vector<std::string> covering;    // passing ids that execute suspicious lines, cheapest first
  std::vector<std::string> submodules;  // whose code the failing tests executed; never changed
  std::vector<SanitizerFinding> findings;  // of its tests, and of no passing test

  bool operator==(const FaultCluster&) const = default;
  template <class Self, class Visitor>
  static void Fields(Self& self, Visitor&& visit) {
    visit(1, "tests", self.tests);
    visit(2, "lines", self.lines);
    visit(3, "covering", self.covering);
    visit(24, "submodules", self.submodules);
    visit(27, "findings", self.findings);
  }
};

/// One import edge of the repository: `file` needs `depends_on`.
struct FileDependency {
  std::string file;
  std::vector<std::string> depends_on;

  bool operator==(const FileDependency&) const = default;
  template <class Self, class Visitor>
  static void Fields(Self& self, Visitor&& visit) {
    visit(1, "file", self.file);
    visit(2, "depends_on", self.depends_on);
  }
};

struct FaultReport {
  std::vector<FaultCluster> clusters;
  std::vector<FileDependency> dependencies;

  bool operator==(const FaultReport&) const = default;
  template <class Self, class Visitor>
  static void Fields(Self& self, Visitor&& visit) {
    visit(1, "clusters", self.clusters);
    visit(2, "dependencies", self.dependencies);
  }
};

}  // namespace coditect
