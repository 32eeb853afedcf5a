// Two edits at once.
#include "src/repair/pair_search.h"

#include <algorithm>
#include <tuple>

namespace coditect::repair {
namespace {

/// Two slips of one kind in one function are one habit: `day, month` for `month, day` twice.
constexpr double kSameKind = 0.12;
constexpr double kSameFunction = 0.5;

}  // namespace

std::optional<std::vector<Single>> PairSearch::Next() {
  while (!planned_) {
    if (probes_ < kProbesMax) {
      ++probes_;
      if (auto single = stream_.Next()) return std::vector<Single>{std::move(*single)};
    }
    MakePlan();
  }
  while (next_ < plan_.size()) {
    if (auto pair = Combine(plan_[next_++])) return pair;
  }
  return std::nullopt;
}

void PairSearch::Learn(const Single& single, CandidateVerdict verdict, uint32_t passed) {
  if (verdict == CandidateVerdict::kInvalid || verdict == CandidateVerdict::kDuplicate) return;
  if (verdict == CandidateVerdict::kFails && passed > 0)
    partial_.push_back({passed, singles_.size()});
  singles_.push_back(single);
}

void PairSearch::MakePlan() {
  planned_ = true;
  std::stable_sort(partial_.begin(), partial_.end(),
                   [](const Partial& a, const Partial& b) { return a.passed > b.passed; });
  if (partial_.size() > kPartialMax) partial_.resize(kPartialMax);
  size_t partners = std::min(singles_.size(), kPartnersMax);
  auto related = [&](const Single& a, const Single& b) {
    bool same = a.source == b.source && stream_.FunctionOf(a.site) == stream_.FunctionOf(b.site);
    return same ? (a.op == b.op ? kSameKind : kSameFunction) : 1.0;
  };
  for (size_t i = 0; i < partial_.size(); ++i) {
    size_t seed = partial_[i].index;
    for (size_t j = 0; j < partners; ++j) {
      if (j == seed) continue;
      double key = static_cast<double>((i + 1) * (j + 1)) * related(singles_[seed], singles_[j]);
      plan_.push_back({key * 0.5, static_cast<uint32_t>(seed), static_cast<uint32_t>(j)});
    }
  }
  size_t likely = std::min(singles_.size(), kLikelyMax);
  for (size_t i = 0; i < likely; ++i) {
    for (size_t j = i + 1; j < likely; ++j) {
      double key = static_cast<double>((i + 1) * (j + 1)) * related(singles_[i], singles_[j]);
      plan_.push_back({key, static_cast<uint32_t>(i), static_cast<uint32_t>(j)});
    }
  }
  std::sort(plan_.begin(), plan_.end(), [](const Plan& x, const Plan& y) {
    return std::tie(x.key, x.a, x.b) < std::tie(y.key, y.a, y.b);
  });
}

std::optional<std::vector<Single>> PairSearch::Combine(const Plan& plan) {
  const Single& a = singles_[plan.a];
  const Single& b = singles_[plan.b];
  if (a.source == b.source) {
    std::vector<Splice> both = a.splices;
    both.insert(both.end(), b.splices.begin(), b.splices.end());
    std::sort(both.begin(), both.end(), [](const Splice& x, const Splice& y) {
      return std::tie(x.start, x.end) < std::tie(y.start, y.end);
    });
    for (size_t i = 1; i < both.size(); ++i) {
      if (both[i].start < both[i - 1].end || both[i].start == both[i - 1].start)
        return std::nullopt;
    }
    if (!stream_.IsNew(a.source, both) ||
        !stream_.ParseTogether(a.source, a.splices, b.splices, both))
      return std::nullopt;
  }
  return std::vector<Single>{a, b};
}

}  // namespace coditect::repair
