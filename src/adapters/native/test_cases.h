// Test cases that a program lists and selects itself: GoogleTest, Catch2, doctest, Criterion,
// Boost.Test.
#pragma once

#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "src/adapters/native/job_program.h"
#include "src/domain/test_report.h"

namespace coditect::native {

enum class Framework { kNone, kGoogleTest, kCatch2, kCatch3, kDoctest, kCriterion, kBoostTest };

struct ListedCase {
  std::string name;  // "Suite.Case" of GoogleTest, "suite/test" of Criterion, Boost.Test
  std::string file;  // as the compiler named it; "" = the program does not say
  uint32_t line = 0;
  bool skipped = false;  // switched off in the source
};

/// What a program's own report says of one case.
struct CaseReport {
  TestStatus status = TestStatus::kUnspecified;
  std::string message;  // the failures, each with its position
};

/// An extended regular expression for grep that finds the framework in its programs; "" = none.
/// It only says what is worth trying: a listing decides.
std::string MarkerOf(Framework framework);

/// Arguments that make a program list its cases, at kReportPath or on its output.
std::vector<std::string> ListingArguments(Framework framework);

/// The cases that a listing names, each once, in the program's order. INVALID_ARGUMENT when
/// anything in it is not as the framework writes it: then the program is no such program.
StatusOr<std::vector<ListedCase>> ReadListing(Framework framework, const JobOutcome& outcome);

/// False for a name that the framework's way of selecting cannot tell from others.
bool IsSelectable(Framework framework, std::string_view name);

/// Arguments that make a program run these cases, or all of them when `names` is empty.
std::vector<std::string> SelectingArguments(Framework framework,
                                            std::span<const std::string> names);

/// Arguments that make a program write its report to kReportPath.
std::vector<std::string> ReportArguments(Framework framework);

/// The only case that an argument of a test's command selects, as the frameworks' CMake modules
/// write it; nothing when it may be anything else.
std::optional<std::string> SelectedBy(Framework framework, std::string_view argument);

/// What a report says, by case: passed when all of that name passed. INVALID_ARGUMENT for what is
/// no whole report.
StatusOr<std::map<std::string, CaseReport>> ReadCaseReport(Framework framework,
                                                           std::string_view report);

}  // namespace coditect::native
