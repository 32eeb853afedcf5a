// Which statements are to blame: spectrum-based fault localization.
#pragma once

#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "src/base/status.h"
#include "src/domain/test_report.h"
#include "src/repair/source_model.h"

namespace coditect::repair {

struct SuspiciousLine {
  std::string file;
  uint32_t line = 0;  // first line of the statement
  double score = 0;   // in (0, 1]
  std::string function;
  uint32_t failed = 0;  // failing tests that executed it
  uint32_t passed = 0;

  bool operator==(const SuspiciousLine&) const = default;
};

inline constexpr size_t kSuspiciousLinesMax = 400;
inline constexpr size_t kImportTimeLinesMax = 60;  // of these, what ran only at import

/// How many tests need a file, by the imports of their files.
struct Importers {
  uint32_t failed = 0;
  uint32_t passed = 0;
};

struct LocalizationRequest {
  std::vector<SourceText> files;       // that may be edited
  std::vector<TestCoverage> coverage;  // per test; tests without are ignored
  std::vector<TestCase> failing;       // of this goal: ids and stacks
  std::vector<CollectionError> errors;
  std::vector<SanitizerFinding> findings;      // of the failing tests, and of no passing one
  std::vector<std::string> passing;            // ids
  std::set<std::string> called;                // functions the failing tests call directly
  std::vector<SourceText> tests;               // files of the failing tests
  std::map<std::string, Importers> importers;  // by file
};

/// Ochiai suspiciousness of `failed` of `failing_total` failing and `passed` passing tests that
/// executed something: failed / sqrt(failing_total * (failed + passed)); in [0, 1]. Source: Abreu,
/// Zoeteweij, van Gemund, "An Evaluation of Similarity Coefficients for Software Fault
/// Localization", 2006.
double Ochiai(uint32_t failed, uint32_t failing_total, uint32_t passed);

/// Statements that the failing tests executed, most suspicious first: Ochiai, raised for frames of
/// the failures' stacks, far more for what a sanitizer reports and who allocated or freed what it
/// is about (all else is lowered then), and for functions the tests call, and for module-level
/// definitions that suspicious functions use. What ran only while a module was imported counts as
/// executed by every test that imports it, far below the others, but for functions whose results
/// they use; at most kImportTimeLinesMax of these. When nothing was traced: the functions the tests
/// call, else all. Where coverage tells nothing (one program with all tests executes most of the
/// code), functions are the less suspicious the more calls away from the failing tests they are. At
/// most kSuspiciousLinesMax. INVALID_ARGUMENT if nothing failed.
StatusOr<std::vector<SuspiciousLine>> Localize(const LocalizationRequest& request);

/// Raises, of `lines` that Localize gave, those that `findings` name as Localize would have, and
/// sorts them. What is no statement of `lines` stays out.
void RaiseReported(const std::vector<SanitizerFinding>& findings,
                   std::vector<SuspiciousLine>* lines);

}  // namespace coditect::repair
