// Two edits at once: partial successes with anything, and likely edits with likely edits.
#pragma once

#include <optional>
#include <set>
#include <vector>

#include "src/ports/test_harness.h"
#include "src/repair/single_stream.h"

namespace coditect::repair {

/// First single edits are tried, to see which of them mend some of the failing tests; then pairs.
/// Deterministic. One caller.
class PairSearch {
 public:
  static constexpr size_t kProbesMax = 1536;    // single edits tried first; a multiple of the epoch
  static constexpr size_t kPartnersMax = 1500;  // of a partial success
  static constexpr size_t kPartialMax = 24;
  static constexpr size_t kLikelyMax = 260;  // single edits paired with each other

  explicit PairSearch(SingleStream& stream) : stream_(stream) {}

  /// One edit while probing, then two; nothing at the end.
  std::optional<std::vector<Single>> Next();

  /// The verdict on a probe.
  void Learn(const Single& single, CandidateVerdict verdict, uint32_t passed);

 private:
  struct Partial {
    uint32_t passed = 0;
    size_t index = 0;  // in singles_
  };
  struct Plan {
    double key = 0;  // smaller is tried first
    uint32_t a = 0, b = 0;
  };
  void MakePlan();
  std::optional<std::vector<Single>> Combine(const Plan& plan);

  SingleStream& stream_;
  size_t probes_ = 0;
  bool planned_ = false;
  std::vector<Single> singles_;  // that compiled and were new
  std::vector<Partial> partial_;
  std::vector<Plan> plan_;
  size_t next_ = 0;
};

}  // namespace coditect::repair
