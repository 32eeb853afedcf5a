// Mends a build that fails: one error's likeliest remedy after the other, as long as errors get
// fewer. The judge is the build.
#pragma once

#include <functional>
#include <map>
#include <string>
#include <vector>

#include "src/base/status.h"
#include "src/repair/compile_rules.h"
#include "src/repair/source_model.h"

namespace coditect::repair {

/// What a build of the repository with some texts changed came to.
struct BuildOutcome {
  bool passed = false;
  std::vector<Diagnostic> diagnostics;
  size_t failing_tests = 0;  // when it passed: of the tests that could be run behind it
};

/// Texts by path that differ from the base.
using ChangedTexts = std::map<std::string, std::string>;
using BuildJudge = std::function<StatusOr<BuildOutcome>(const ChangedTexts& changed)>;

struct CompileSearchOptions {
  std::vector<SourceText> files;   // C and C++ files of the base
  std::set<std::string> editable;  // paths among them
  CompileSpace space = CompileSpace::kUses;
  size_t builds_max = 160;
};

struct CompileSearchResult {
  bool passed = false;
  ChangedTexts changed;            // of the best patch when it passed, else as far as it came
  std::vector<std::string> steps;  // what was done: "include <vector> at src/a.cpp:3"
  size_t builds = 0;
  size_t proposals = 0;  // judged
  size_t refused = 0;    // not judged, since they remove code
  std::string refusal;   // the first of these, as a sentence
  size_t errors_at_first = 0;
  std::vector<Diagnostic> left;  // errors at the end
  size_t failing_tests = 0;
};

/// Errors of the judge end it. The first build is of the base. What passes the build is compared by
/// the tests that fail behind it; alternatives of the last step are tried until none does.
StatusOr<CompileSearchResult> SearchBuild(const CompileSearchOptions& options,
                                          const BuildJudge& judge);

}  // namespace coditect::repair
