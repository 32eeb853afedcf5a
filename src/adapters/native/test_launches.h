// Which tests one process runs together, and what its end says of each.
#pragma once

#include <map>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "src/adapters/native/job_program.h"
#include "src/adapters/native/test_list.h"

namespace coditect::native {

struct TestLaunch {
  Job job;
  std::vector<size_t> tests;  // in the list that was planned; more than one: cases of a program
};

struct LaunchOptions {
  std::chrono::milliseconds cpu{0};                // of a test
  std::map<std::string, std::string> environment;  // added to a test's own
  bool measured = false;
  bool alone = false;   // each case in a process of its own
  bool reports = true;  // cases write reports; without, the exit alone tells
};

/// One launch for each test, but for the cases of one program, which share one. In the order of
/// their first tests; tests that are disabled are left out.
std::vector<TestLaunch> PlanLaunches(std::span<const ListedTest> tests,
                                     const LaunchOptions& options);

/// Where files of the repository are looked for in what tests say.
struct Places {
  std::string repository;  // its absolute path inside
  std::string runner;
  std::vector<std::string> test_files;  // ascending
};

/// The case of a test that a launch of its own ran, without its times. A case of a program passed
/// only if the program ended with 0 and its report says so.
TestCase CaseOf(const ListedTest& test, const JobOutcome& outcome, const Places& places);

/// The cases of a launch of many, in its order; nothing when its end does not decide all: the
/// program crashed, ran out of time, left a case out, or ended with an error that no case explains.
std::optional<std::vector<TestCase>> CasesOf(std::span<const ListedTest> tests,
                                             const TestLaunch& launch, const JobOutcome& outcome,
                                             const Places& places);

}  // namespace coditect::native
