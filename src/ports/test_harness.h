// The language seam: how a language's tests are found, run, watched and used as a filter
// (ADR-0006). A new language is one adapter of this port and one operator table in repair/.
#pragma once

#include <functional>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "src/base/context.h"
#include "src/domain/change.h"
#include "src/domain/diagnostic.h"
#include "src/domain/result.h"
#include "src/domain/test_report.h"
#include "src/domain/toolchain.h"
#include "src/ports/sandbox.h"

namespace coditect {

struct DetectRequest {
  std::vector<TreeEntry> files;
  std::string verify_command;  // "" = find the tests
  Toolchain toolchain;
  bool builds = false;  // a build is what is asked for; there need be no test
};

enum class TraceMode {
  kNone,
  kPerTest,    // lines of the repository each test executes, test files left out
  kWatched,    // which of `watched` lines were executed; adjacent ones are watched together, until
               // the end of the test that first executes one of them
  kSanitized,  // memory errors and undefined behaviour as the tests run, told in `findings`; the
               // verdicts are of that build. Nothing is found by a language without such tools; a
               // warning says when they are not here
};

/// What a build left. `judges`: verdicts are taken from it, so a proof must not begin with one.
struct BuiltFolder {
  std::string folder;  // relative to the repository
  bool judges = true;
};

struct TestRunRequest {
  HarnessPlan plan;
  std::vector<std::string> ids;  // empty = the whole suite in its own order
  TraceMode trace = TraceMode::kNone;
  std::vector<FileLines> watched;
  uint64_t seed = 0;  // of hash randomisation and the like
  bool stop_at_first_failure = false;
  uint64_t test_cpu_ms = 0;  // a test that uses more CPU time fails; 0 = no limit of its own
  SandboxLimits limits;
  /// Called as tests end, on the calling thread: progress only.
  std::function<void(const TestCase&)> on_test;
  /// Called when a folder of the repository was built that a later workspace on the same base may
  /// begin with (a layer), before any test runs; nothing runs in the workspace then.
  std::function<Status(const BuiltFolder&)> on_built;
};

enum class BuildMode {
  kSearch,  // as far as it comes, from what an earlier build here left; every error is wanted
  kProof,   // as the project builds, and nothing else
};

struct BuildRequest {
  HarnessPlan plan;
  BuildMode mode = BuildMode::kSearch;
  std::vector<std::string> changed;  // kProof: files whose compilation is to be told
  SandboxLimits limits;
  /// Like TestRunRequest::on_built.
  std::function<Status(const BuiltFolder&)> on_built;
};

/// How a build ended.
struct BuildReport {
  bool passed = false;  // a normal end with success, of everything there is to build
  std::string ended_by;
  int32_t exit_code = 0;
  std::string command;                  // as a person would type it
  std::string error;                    // the first error as one line; "" when it passed
  std::vector<Diagnostic> diagnostics;  // kSearch
  std::vector<std::string> compiled;    // kProof: those of `changed` that the build read, ascending
  uint64_t wall_ms = 0;
  uint64_t cpu_ms = 0;
  uint64_t memory_bytes = 0;
};

/// A patch to be judged. Edits do not overlap; offsets are of the base version.
struct Candidate {
  uint64_t number = 0;
  std::vector<SourceEdit> edits;
  /// The innermost function bodies that hold the edits, each once; empty when one lies outside.
  std::vector<SourceRange> bodies;
};

enum class CandidateVerdict {
  kInvalid,    // does not compile
  kDuplicate,  // compiles to the same code as an earlier candidate or the base
  kFails,      // a test failed, or the fuel ran out
  kSurvives,   // every test passed in this process; worth a fresh one
  kUndecided,  // ended by the wall clock or a crash of the process; judged again alone
};

struct JudgedCandidate {
  uint64_t number = 0;
  CandidateVerdict verdict = CandidateVerdict::kUndecided;
  uint32_t tests = 0;  // executed
  bool out_of_fuel = false;
  uint32_t passed = 0;  // of the filter's tests, before the first failure
};

struct FilterRequest {
  HarnessPlan plan;
  std::vector<std::string> failing;  // judged first, cheap ones before dear ones; a file that could
                                     // not be collected passes when it is and all its tests pass
  std::vector<std::string> passing;  // judged when the failing ones pass
  std::vector<std::string> files;    // that candidates may edit
  uint64_t fuel =
      0;  // loop iterations and calls of a candidate, per test; 0 = what the base lets expect
  uint64_t seed = 0;
  SandboxLimits limits;  // `wall` is of one candidate, the others of the process
};

/// Values seen at run time: kinds of the names in scope, for typed synthesis.
struct ObservedName {
  std::string file;
  std::string function;  // qualified name: "Class.method", "outer.<locals>.inner"
  std::string name;      // a variable, "self.attribute", or "return" for what the function gives
  std::vector<std::string> kinds;     // "int", "list", "str", …
  std::vector<std::string> elements;  // kinds of a container's elements
  std::vector<std::string> samples;   // a few small values, as source text
};

/// A process that judges many candidates. One caller.
class CandidateFilter {
 public:
  virtual ~CandidateFilter() = default;

  /// Judges in order; one answer per candidate. A crash of the process costs at most the candidate
  /// that caused it (kUndecided); the filter restarts itself.
  virtual StatusOr<std::vector<JudgedCandidate>> Judge(const Context& ctx,
                                                       std::span<const Candidate> candidates) = 0;

  /// What the failing tests showed of the names in scope of the editable files.
  virtual StatusOr<std::vector<ObservedName>> Observe(const Context& ctx) = 0;

  /// How many candidates are worth their price here; 0 = as many as the budget of tests allows.
  virtual uint64_t candidates_max() const { return 0; }

  /// How many candidates are best judged at once; 0 = it does not matter.
  virtual size_t batch_size() const { return 0; }

  virtual Usage usage() const = 0;
};

/// One language. Thread-safe; calls block.
class TestHarness {
 public:
  virtual ~TestHarness() = default;

  /// How this repository's tests run. NOT_FOUND when there is no test of this language
  /// (without a message when there is no file of it either);
  /// FAILED_PRECONDITION when something is missing, the message being one sentence with the module
  /// and the command that would install it.
  virtual StatusOr<HarnessPlan> Detect(const Context& ctx, Workspace& workspace,
                                       const DetectRequest& request) = 0;

  virtual StatusOr<TestReport> Run(const Context& ctx, Workspace& workspace,
                                   const TestRunRequest& request) = 0;

  /// Builds, without running a test. An error of the build is no error of this function.
  /// UNIMPLEMENTED for a language that is not built.
  virtual StatusOr<BuildReport> Build(const Context& ctx, Workspace& workspace,
                                      const BuildRequest& request);

  /// FAILED_PRECONDITION when the failing tests do not fail when they run alone.
  virtual StatusOr<std::unique_ptr<CandidateFilter>> OpenFilter(const Context& ctx,
                                                                Workspace& workspace,
                                                                const FilterRequest& request) = 0;

  /// Host files the workspace must show inside for this harness: (host path, path inside).
  virtual std::vector<std::pair<std::string, std::string>> SupportFiles() const = 0;
};

inline StatusOr<BuildReport> TestHarness::Build(const Context& /*ctx*/, Workspace& /*workspace*/,
                                                const BuildRequest& request) {
  return Unimplemented("nothing is built in ", request.plan.language);
}

}  // namespace coditect
