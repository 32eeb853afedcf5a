// The refs that runs left below refs/coditect/.
#include "src/adapters/git/run_refs.h"

#include <memory>
#include <set>
#include <utility>

#include "src/adapters/git/git_dir.h"
#include "src/adapters/git/names.h"
#include "src/adapters/git/refs.h"
#include "src/adapters/git/repository.h"
#include "src/base/file.h"

namespace coditect::git {
namespace {

constexpr std::string_view kRunRefs = "refs/coditect/";

/// The run that a ref is of; "" for a ref that is no run's.
MissionId RunOf(std::string_view ref) {
  if (!ref.starts_with(kRunRefs)) return "";
  const size_t end = ref.find('/', kRunRefs.size());
  if (end == std::string_view::npos) return "";
  return MissionId(ref.substr(kRunRefs.size(), end - kRunRefs.size()));
}

StatusOr<std::unique_ptr<GitDir>> OpenExisting(const Context& ctx, const RunRefsOptions& options) {
  const RepositoryRef& ref = options.repository;
  if (!PathExists(ref.common_dir)) {
    return NotFound("the repository ", Shown(ref.common_dir), " is not there any more");
  }
  return OpenGitDir(
      ctx, RepositoryOptions{
               .repository = ref, .state_folder = options.state_folder, .label = options.label});
}

}  // namespace

StatusOr<std::vector<RunRef>> ListRunRefs(const Context& ctx, const RunRefsOptions& options) {
  ASSIGN_OR_RETURN(const auto git, OpenExisting(ctx, options));
  ASSIGN_OR_RETURN(const std::string listing,
                   git->Output(ctx, "list the refs of runs",
                               {.args = {"for-each-ref", "--format=%(refname) %(objectname)",
                                         std::string(kRunRefs)}}));
  std::vector<RunRef> found;
  std::set<MissionId> seen;
  for (const std::string& line : Split(listing, '\n')) {
    const size_t space = line.find(' ');
    if (space == std::string::npos) continue;
    RunRef ref{.run = RunOf(line.substr(0, space)),
               .ref = line.substr(0, space),
               .commit = line.substr(space + 1)};
    if (!options.runs.contains(ref.run)) continue;
    seen.insert(ref.run);
    found.push_back(std::move(ref));
  }
  // What cannot be compared (nothing delivered, or the commit is gone) counts as not delivered.
  std::set<std::string> delivered;
  for (const MissionId& run : seen) {
    const CommitId& commit = options.runs.at(run);
    if (!IsObjectId(commit, options.repository.object_format)) continue;
    ASSIGN_OR_RETURN(
        const ProcessResult merged,
        git->Run(ctx, {.args = {"for-each-ref", "--format=%(refname)", StrCat("--merged=", commit),
                                StrCat(kRunRefs, run, "/")}}));
    if (merged.exit_code != 0) continue;
    for (std::string& name : Split(merged.out, '\n')) delivered.insert(std::move(name));
  }
  for (RunRef& ref : found) ref.delivered = delivered.contains(ref.ref);
  return found;
}

Status DropRunRefs(const Context& ctx, const RunRefsOptions& options,
                   const std::vector<RunRef>& refs) {
  std::vector<std::pair<std::string, CommitId>> doomed;
  for (const RunRef& ref : refs) {
    if (ref.run.empty() || RunOf(ref.ref) != ref.run || !options.runs.contains(ref.run)) {
      return InvalidArgument("ref ", Shown(ref.ref), " is of no run that was asked for");
    }
    doomed.emplace_back(ref.ref, ref.commit);
  }
  if (doomed.empty()) return absl::OkStatus();
  ASSIGN_OR_RETURN(const auto git, OpenExisting(ctx, options));
  const std::string guard =
      RefsGuardPath(JoinPath(options.state_folder, "git"), options.repository.common_dir);
  return Refs(*git, {.common_dir = options.repository.common_dir,
                     .object_format = options.repository.object_format,
                     .guard_path = guard})
      .DropPins(ctx, doomed);
}

}  // namespace coditect::git
