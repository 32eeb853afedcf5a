// What gcc's measured programs leave: which lines of a source file ran, from an object's graph
// (.gcno) and the counts of one run (.gcda).
#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "src/base/status.h"

namespace coditect::native {

/// Executed lines, by source file as the compiler named it.
using ExecutedLines = std::map<std::string, std::set<uint32_t>>;

/// One object's functions. Source of the format: gcc's gcov-io.h, versions 9 to 15.
class GcovGraph {
 public:
  /// `bytes` of a .gcno file. INVALID_ARGUMENT, naming what is wrong, for anything else; also for
  /// versions before 9, which other compilers write.
  static StatusOr<GcovGraph> Read(std::string_view bytes);

  /// Lines that ran, by the counts of a .gcda file of the same build, added to `lines`.
  /// INVALID_ARGUMENT for what is no such file or of another build. Source of the method: counts
  /// of the arcs beside the spanning tree give the others by conservation of flow (Knuth and
  /// Stevenson, Optimal Measurement Points for Program Frequency Counts, 1973).
  Status AddLines(std::string_view bytes, ExecutedLines* lines) const;

  /// The folder the compiler ran in: relative names are of files below it.
  const std::string& folder() const { return folder_; }

 private:
  friend class GraphReader;

  struct Arc {
    uint32_t from = 0;
    uint32_t to = 0;
    bool counted = false;
  };
  struct BlockLines {
    uint32_t block = 0;
    std::map<std::string, std::vector<uint32_t>> lines;  // by file
  };
  struct Function {
    uint32_t id = 0;
    uint32_t line_checksum = 0;
    uint32_t graph_checksum = 0;
    uint32_t blocks = 0;
    std::vector<Arc> arcs;
    std::vector<BlockLines> lines;
  };

  static std::vector<bool> Executed(const Function& function, const std::vector<uint64_t>& counts);

  uint32_t version_ = 0;
  uint32_t stamp_ = 0;
  std::string folder_;
  std::vector<Function> functions_;
};

}  // namespace coditect::native
