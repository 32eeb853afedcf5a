// The search for a patch: candidates in order, verdicts in, plausible patches out.
#pragma once

#include <map>
#include <memory>
#include <set>
#include <span>
#include <string>
#include <vector>

#include "src/ports/test_harness.h"
#include "src/repair/fault_localization.h"
#include "src/repair/patch_ranking.h"
#include "src/repair/single_stream.h"

namespace coditect::repair {

struct PatchSearchOptions {
  std::vector<SourceText> files;       // that may be edited
  std::vector<SourceText> headers;     // that they include, for the names they declare
  std::vector<SuspiciousLine> lines;   // most suspicious first
  std::vector<ObservedName> observed;  // may be empty
  std::vector<SourceText> tests;       // files of the failing tests
  std::vector<TestCase> failing;       // of the goal; held-out tests are not among them
  Space space = Space::kEdits;
  uint64_t seed = 0;
  uint64_t tests_max = 0;        // executed tests; 0 = only the space ends the search
  uint64_t candidates_max = 0;   // 0 = no limit
  uint64_t look_around_max = 0;  // after the first acceptable patch; 0 = the usual number
};

/// Best-first search of one hypothesis space. Which candidates come, and in which order, depends
/// only on the options and on the verdicts, never on time or on the size of the batches. Candidates
/// are numbered from 1 in their order. One caller; not thread-safe.
class PatchSearch {
 public:
  /// Verdicts change the order only at multiples of this many candidates.
  static constexpr uint64_t kEpoch = 256;

  /// INVALID_ARGUMENT when no suspicious line lies in a file that can be edited.
  static StatusOr<std::unique_ptr<PatchSearch>> Create(PatchSearchOptions options);
  ~PatchSearch();

  /// At most `n` candidates; fewer at the end of an epoch, none while verdicts of the last epoch
  /// are missing or when the search is over.
  std::vector<Candidate> NextBatch(size_t n);

  /// Verdicts in any order. A candidate judged again (undecided, or starved) is reported again.
  void Report(std::span<const JudgedCandidate> judged);

  /// Candidates that ran out of fuel, those that passed most tests first, each once: when the space
  /// has nothing better, they are worth judging again with more fuel. Their verdicts go to Report.
  std::vector<Candidate> Starved(size_t n);

  /// A plausible patch failed when confirmed in a fresh process: the search goes on without it.
  void Withdraw(uint64_t number);

  /// True when the space or the budget is used up, or enough candidates were seen after the first
  /// acceptable patch.
  bool Exhausted() const;

  /// Tests executed by the candidates that count.
  uint64_t tests_used() const { return tests_used_; }
  uint64_t candidates() const;

  /// Patches that passed every test they were shown, best first, refused ones last.
  std::vector<RankedPatch> Plausible() const;

  /// Path and whole new text of every file the candidate changes.
  std::map<std::string, std::string> PatchedFiles(uint64_t number) const;
  /// What the candidate does, in one sentence.
  std::string Description(uint64_t number) const;
  /// Unified diff.
  std::string Diff(uint64_t number) const;
  /// The operator's id, "a + b" for a pair.
  std::string OperatorOf(uint64_t number) const;

 private:
  struct Record;
  class Pairs;
  explicit PatchSearch(PatchSearchOptions options);
  bool Produce();
  Candidate ToCandidate(uint64_t number) const;
  std::vector<SourceRange> BodiesOf(uint64_t number) const;
  void Advance();
  void Accept(uint64_t number);
  void Adapt();
  RankedPatch Rank(uint64_t number) const;
  std::map<size_t, std::vector<Splice>> SplicesOf(uint64_t number) const;  // by file, ascending

  PatchSearchOptions options_;
  std::vector<std::unique_ptr<SourceModel>> sources_;
  SearchContext context_;
  std::unique_ptr<SingleStream> stream_;
  std::unique_ptr<Pairs> pairs_;
  std::vector<Record> records_;  // [number - 1]
  uint64_t settled_ = 0;         // all numbers up to this one have a verdict
  uint64_t adapted_ = 0;         // verdicts up to this one have changed the order
  uint64_t tests_used_ = 0;
  uint64_t first_accepted_ = 0;  // number of the first patch that is neither refused nor withdrawn
  bool space_ended_ = false;
  bool budget_ended_ = false;
};

}  // namespace coditect::repair
