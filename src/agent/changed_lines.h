// Which lines a change touches, and whether they ran.
#pragma once

#include <string>
#include <vector>

#include "src/agent/mission_resources.h"
#include "src/domain/test_report.h"

namespace coditect {

/// A hunk with the lines any of which counts as executing it: those of the statements it touches;
/// of a pure deletion the statements beside it.
struct WatchedHunk {
  std::string file;
  std::vector<uint32_t> lines;
};

/// The hunks of `tree` (the base with `changes`) against the base. Hunks without an executable
/// line beside them (comments, other languages' files without a table) are left out.
StatusOr<std::vector<WatchedHunk>> ChangedHunks(const Lease& lease, const std::string& tree,
                                                const std::vector<FileChange>& changes);

/// All lines of the hunks, by file.
std::vector<FileLines> WatchedLines(const std::vector<WatchedHunk>& hunks);

/// Those hunks none of whose lines was executed in the run.
std::vector<WatchedHunk> UnexecutedHunks(const std::vector<WatchedHunk>& hunks,
                                         const TestReport& report);

}  // namespace coditect
