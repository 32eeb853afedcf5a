// The commit this program was built from.
#pragma once

namespace coditect {

/// Twelve hexadecimal digits, "+changes" behind them when the tree had some, or "no commit" outside
/// of a repository. Each build writes the definition anew where it changed (cmake/commit.cmake).
extern const char* const kBuildCommit;

}  // namespace coditect
