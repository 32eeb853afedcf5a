// Single edits, best first, made only when they are about to be used.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <queue>
#include <unordered_set>
#include <vector>

#include "src/repair/fault_localization.h"
#include "src/repair/operator.h"

namespace coditect::repair {

/// Statements searched at most; the most suspicious ones.
inline constexpr size_t kSitesMax = 150;
/// Of these, places kept for the most suspicious lines that no failing test executed (module level,
/// code that runs at import).
inline constexpr size_t kSitesKeptMax = 20;

struct Single {
  size_t source = 0;  // index of the file
  size_t site = 0;    // index of the suspicious statement
  const Operator* op = nullptr;
  std::vector<Splice> splices;
  double score = 0;
};

/// Deterministic for a seed: the seed decides only between equal scores. One caller.
class SingleStream {
 public:
  SingleStream(const std::vector<std::unique_ptr<SourceModel>>& sources,
               const std::vector<SuspiciousLine>& lines, const SearchContext& context,
               bool (*wanted)(const Operator&), uint64_t seed);
  ~SingleStream();

  /// The next edit whose text parses and is new; nothing at the end.
  std::optional<Single> Next();

  /// A partial success: raises what is left at that statement and of that operator.
  void Encourage(size_t site, const Operator* op, double share);

  /// True when the whole text after the edits still parses, judged by the statement or function
  /// they stand in.
  bool Parses(size_t source, const std::vector<Splice>& splices);

  /// The same for two edits that parse each alone.
  bool ParseTogether(size_t source, const std::vector<Splice>& a, const std::vector<Splice>& b,
                     const std::vector<Splice>& both);

  /// True, once, for edits that make a text not seen before.
  bool IsNew(size_t source, const std::vector<Splice>& splices) {
    return seen_[source].insert(sources_[source]->hash().Of(splices)).second;
  }

  size_t site_count() const { return sites_.size(); }
  uint32_t LineOf(size_t site) const;
  std::string FunctionOf(size_t site) const;

 private:
  struct Cell;
  struct Entry {
    double score;
    uint64_t tie;
    size_t cell;
    bool operator<(const Entry& other) const {
      if (score != other.score) return score < other.score;
      return tie != other.tie ? tie > other.tie : cell > other.cell;
    }
  };
  void Push(size_t cell);
  void Expand(Cell& cell);
  bool StatementParses(size_t source, const Statement& statement,
                       const std::vector<Splice>& splices);
  /// Splits edits by the statement whose own text holds them; false when one is larger than that.
  bool GroupByStatement(size_t source, const std::vector<Splice>& splices,
                        std::map<size_t, std::vector<Splice>>* groups) const;
  bool FunctionParses(size_t source, const std::vector<Splice>& splices);

  const std::vector<std::unique_ptr<SourceModel>>& sources_;
  std::vector<std::unique_ptr<Site>> sites_;
  std::vector<size_t> site_source_;
  std::vector<double> site_score_;
  std::vector<double> site_boost_;
  std::map<const Operator*, double> operator_boost_;
  std::vector<Cell> cells_;
  std::priority_queue<Entry> queue_;
  std::vector<std::unordered_set<uint64_t>> seen_;  // by file: hashes of texts
  std::vector<analysis::Parser> parsers_;           // by file
  uint64_t seed_;
};

}  // namespace coditect::repair
