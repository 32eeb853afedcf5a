// The search for a patch.
#include "src/repair/patch_search.h"

#include <algorithm>
#include <tuple>

#include "src/repair/declared_names.h"
#include "src/repair/pair_search.h"
#include "src/repair/patch_text.h"

namespace coditect::repair {
namespace {

/// Candidates still looked at after the first acceptable patch, so that a better one nearby is
/// seen.
constexpr uint64_t kLookAround = 150;
constexpr uint64_t kLookAroundMax = 1000;

bool InSpace(const Operator& op, Space space) {
  return space == Space::kPairs || op.space == space;
}
bool IsEdit(const Operator& op) { return InSpace(op, Space::kEdits); }
bool IsSynthesis(const Operator& op) { return InSpace(op, Space::kSynthesis); }
bool IsAny(const Operator&) { return true; }

}  // namespace

struct PatchSearch::Record {
  std::vector<Single> parts;  // one, or two of a pair
  CandidateVerdict verdict = CandidateVerdict::kUndecided;
  bool reported = false;
  bool withdrawn = false;
  bool starved = false;  // ran out of fuel, and was not offered again
  uint32_t tests = 0;
  uint32_t passed = 0;
};

class PatchSearch::Pairs : public PairSearch {
 public:
  using PairSearch::PairSearch;
};

StatusOr<std::unique_ptr<PatchSearch>> PatchSearch::Create(PatchSearchOptions options) {
  std::unique_ptr<PatchSearch> search(new PatchSearch(std::move(options)));
  PatchSearchOptions& own = search->options_;
  std::sort(own.files.begin(), own.files.end(),
            [](const SourceText& a, const SourceText& b) { return a.path < b.path; });
  std::set<std::string> suspicious;
  for (const SuspiciousLine& line : own.lines) suspicious.insert(line.file);
  for (const SourceText& file : own.files) {
    if (!suspicious.contains(file.path)) continue;
    auto model = SourceModel::Create(file);
    if (!model.ok()) continue;  // a file that cannot be read cannot be repaired; others may
    (*model)->Observe(own.observed);
    search->sources_.push_back(std::move(model).value());
  }
  DeclareNames(own.headers, search->sources_);
  search->context_.literals = MineLiterals(own.tests, own.failing);
  auto wanted = own.space == Space::kEdits       ? IsEdit
                : own.space == Space::kSynthesis ? IsSynthesis
                                                 : IsAny;
  search->stream_ = std::make_unique<SingleStream>(search->sources_, own.lines, search->context_,
                                                   wanted, own.seed);
  if (search->stream_->site_count() == 0) {
    return InvalidArgument("no suspicious statement lies in a file that may be edited");
  }
  if (own.space == Space::kPairs) search->pairs_ = std::make_unique<Pairs>(*search->stream_);
  return search;
}

PatchSearch::PatchSearch(PatchSearchOptions options) : options_(std::move(options)) {}
PatchSearch::~PatchSearch() = default;

uint64_t PatchSearch::candidates() const { return records_.size(); }

bool PatchSearch::Exhausted() const {
  if (budget_ended_) return true;
  if (space_ended_ && settled_ == records_.size()) return true;
  if (first_accepted_ == 0) return false;
  uint64_t around = std::min(kLookAroundMax, kLookAround + first_accepted_ / 4);
  if (options_.look_around_max != 0) around = std::min(around, options_.look_around_max);
  return settled_ >= first_accepted_ + around;
}

std::vector<Candidate> PatchSearch::NextBatch(size_t n) {
  std::vector<Candidate> out;
  while (out.size() < n && !Exhausted()) {
    uint64_t border = (adapted_ / kEpoch + 1) * kEpoch;
    if (records_.size() >= border) {
      if (settled_ < border) break;
      Adapt();
      continue;
    }
    if (space_ended_ || !Produce()) break;
    out.push_back(ToCandidate(records_.size()));
  }
  return out;
}

Candidate PatchSearch::ToCandidate(uint64_t number) const {
  Candidate candidate{.number = number};
  for (const Single& part : records_[number - 1].parts) {
    for (const Splice& splice : part.splices) {
      candidate.edits.push_back(
          {sources_[part.source]->path(), splice.start, splice.end, splice.text});
    }
  }
  std::sort(candidate.edits.begin(), candidate.edits.end(),
            [](const SourceEdit& a, const SourceEdit& b) {
              return std::tie(a.file, a.start, a.end) < std::tie(b.file, b.start, b.end);
            });
  candidate.bodies = BodiesOf(number);
  return candidate;
}

std::vector<SourceRange> PatchSearch::BodiesOf(uint64_t number) const {
  std::vector<SourceRange> bodies;
  for (const auto& [source, splices] : SplicesOf(number)) {
    const SourceModel& model = *sources_[source];
    for (const Splice& splice : splices) {
      const analysis::Symbol* function = analysis::FunctionAt(model.symbols(), splice.start);
      if (function == nullptr || function->body == analysis::kNoNode) return {};
      const auto& body = model.tree()[function->body];
      if (splice.start <= body.start || splice.end >= body.end) return {};
      SourceRange range{model.path(), body.start, body.end};
      if (bodies.empty() || bodies.back() != range) bodies.push_back(std::move(range));
    }
  }
  return bodies;
}

std::vector<Candidate> PatchSearch::Starved(size_t n) {
  std::vector<uint64_t> numbers;
  for (uint64_t number = 1; number <= settled_; ++number) {
    if (records_[number - 1].starved) numbers.push_back(number);
  }
  std::stable_sort(numbers.begin(), numbers.end(), [&](uint64_t a, uint64_t b) {
    return records_[a - 1].passed > records_[b - 1].passed;
  });
  if (numbers.size() > n) numbers.resize(n);
  std::vector<Candidate> out;
  for (uint64_t number : numbers) {
    records_[number - 1].starved = false;
    out.push_back(ToCandidate(number));
  }
  return out;
}

bool PatchSearch::Produce() {
  bool full = options_.candidates_max != 0 && records_.size() >= options_.candidates_max;
  std::optional<std::vector<Single>> parts;
  if (!full && pairs_ != nullptr) {
    parts = pairs_->Next();
  } else if (!full) {
    if (auto single = stream_->Next()) parts = std::vector<Single>{std::move(*single)};
  }
  if (!parts) {
    space_ended_ = true;
    return false;
  }
  records_.push_back({.parts = std::move(*parts)});
  return true;
}

void PatchSearch::Report(std::span<const JudgedCandidate> judged) {
  for (const JudgedCandidate& verdict : judged) {
    if (verdict.number == 0 || verdict.number > records_.size()) continue;
    Record& record = records_[verdict.number - 1];
    if (record.reported) {  // judged again: too late to change the order, not to be a patch
      tests_used_ += verdict.tests;
      if (verdict.verdict == CandidateVerdict::kSurvives) {
        record.verdict = verdict.verdict;
        if (verdict.number <= settled_) Accept(verdict.number);
      }
      continue;
    }
    record.reported = true;
    record.verdict = verdict.verdict;
    record.tests = verdict.tests;
    record.passed = verdict.passed;
    record.starved = verdict.out_of_fuel && verdict.verdict == CandidateVerdict::kFails;
  }
  Advance();
}

void PatchSearch::Advance() {
  while (settled_ < records_.size() && records_[settled_].reported && !budget_ended_) {
    const Record& record = records_[settled_++];
    tests_used_ += record.tests;
    Accept(settled_);
    if (options_.tests_max != 0 && tests_used_ >= options_.tests_max) budget_ended_ = true;
  }
}

void PatchSearch::Adapt() {
  uint64_t border = adapted_ + kEpoch;
  for (uint64_t number = adapted_ + 1; number <= border; ++number) {
    const Record& record = records_[number - 1];
    bool partial = record.verdict == CandidateVerdict::kFails && record.passed > 0;
    if (pairs_ != nullptr && record.parts.size() == 1) {
      pairs_->Learn(record.parts[0], record.verdict, record.passed);
    } else if (partial && record.parts.size() == 1) {
      double share = std::min(
          1.0, record.passed / std::max<double>(1, static_cast<double>(options_.failing.size())));
      stream_->Encourage(record.parts[0].site, record.parts[0].op, share);
    }
  }
  adapted_ = border;
}

void PatchSearch::Withdraw(uint64_t number) {
  if (number == 0 || number > records_.size()) return;
  records_[number - 1].withdrawn = true;
  if (number != first_accepted_) return;
  first_accepted_ = 0;
  for (uint64_t other = 1; other <= settled_; ++other) Accept(other);
}

void PatchSearch::Accept(uint64_t number) {
  const Record& record = records_[number - 1];
  bool passes = record.verdict == CandidateVerdict::kSurvives && !record.withdrawn;
  if (first_accepted_ == 0 && passes && Rank(number).refused_by.empty()) first_accepted_ = number;
}

std::map<size_t, std::vector<Splice>> PatchSearch::SplicesOf(uint64_t number) const {
  std::map<size_t, std::vector<Splice>> out;
  if (number == 0 || number > records_.size()) return out;
  for (const Single& part : records_[number - 1].parts) {
    auto& splices = out[part.source];
    splices.insert(splices.end(), part.splices.begin(), part.splices.end());
  }
  for (auto& [source, splices] : out) {
    std::sort(splices.begin(), splices.end(), [](const Splice& a, const Splice& b) {
      return std::tie(a.start, a.end) < std::tie(b.start, b.end);
    });
  }
  return out;
}

RankedPatch PatchSearch::Rank(uint64_t number) const {
  const Record& record = records_[number - 1];
  RankedPatch patch{.number = number, .score = record.parts[0].score};
  for (const Single& part : record.parts) patch.score = std::min(patch.score, part.score);
  for (const auto& [source, splices] : SplicesOf(number)) {
    if (!patch.refused_by.empty()) break;
    patch.refused_by = RefusalRule(*sources_[source], splices, context_.literals);
  }
  return patch;
}

std::vector<RankedPatch> PatchSearch::Plausible() const {
  std::vector<RankedPatch> out;
  for (uint64_t number = 1; number <= settled_; ++number) {
    const Record& record = records_[number - 1];
    if (record.verdict == CandidateVerdict::kSurvives && !record.withdrawn)
      out.push_back(Rank(number));
  }
  SortPatches(&out);
  return out;
}

std::string PatchSearch::Description(uint64_t number) const {
  if (number == 0 || number > records_.size()) return "";
  std::string out;
  for (const Single& part : records_[number - 1].parts) {
    if (!out.empty()) out += ", and ";
    out += Describe(*sources_[part.source], part.splices, part.op->phrase);
  }
  return out;
}

std::map<std::string, std::string> PatchSearch::PatchedFiles(uint64_t number) const {
  std::map<std::string, std::string> out;
  for (const auto& [source, splices] : SplicesOf(number)) {
    out[sources_[source]->path()] = Apply(sources_[source]->tree().text(), splices);
  }
  return out;
}

std::string PatchSearch::Diff(uint64_t number) const {
  std::string out;
  for (const auto& [source, splices] : SplicesOf(number)) {
    const std::string& text = sources_[source]->tree().text();
    out += UnifiedDiff(sources_[source]->path(), text, Apply(text, splices));
  }
  return out;
}

std::string PatchSearch::OperatorOf(uint64_t number) const {
  if (number == 0 || number > records_.size()) return "";
  std::string out;
  for (const Single& part : records_[number - 1].parts) {
    if (!out.empty()) out += " + ";
    out += part.op->id;
  }
  return out;
}

}  // namespace coditect::repair
