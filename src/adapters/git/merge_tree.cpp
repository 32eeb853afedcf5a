// Merging in memory.
#include "src/adapters/git/merge_tree.h"

#include <set>
#include <utility>

namespace coditect::git {

StatusOr<MergeForecast> MergeTree(const Context& ctx, const GitDir& git, GitCall call,
                                  std::string_view doing) {
  const std::vector<std::string> verb = {"merge-tree", "--write-tree", "-z", "--name-only",
                                         "--no-messages"};
  call.args.insert(call.args.begin(), verb.begin(), verb.end());
  ASSIGN_OR_RETURN(const ProcessResult result, git.Run(ctx, call));
  if (result.exit_code != 0 && result.exit_code != 1) return GitFailure(doing, result);
  const std::vector<std::string> fields = Split(result.out, '\0');
  const bool hexadecimal = fields[0].find_first_not_of("0123456789abcdef") == std::string::npos;
  if (fields[0].empty() || !hexadecimal) return GitFailure(doing, result);
  MergeForecast forecast;
  if (result.exit_code == 0) {
    forecast.tree = fields[0];
    return forecast;
  }
  const std::set<std::string> paths(fields.begin() + 1, fields.end());
  for (const std::string& path : paths) {
    if (!path.empty()) forecast.conflicts.push_back(path);
  }
  if (forecast.conflicts.empty()) return Internal("cannot ", doing, ": git names no conflict");
  return forecast;
}

}  // namespace coditect::git
