// Making a new repository.
#include "src/adapters/git/initialise.h"

#include "src/adapters/git/program.h"
#include "src/base/file.h"

namespace coditect::git {

Status Initialise(const Context& ctx, const std::string& folder, const std::string& message,
                  const std::string& git_program) {
  if (PathExists(JoinPath(folder, ".git"))) {
    return FailedPrecondition(EscapeForTerminal(folder), " is a git repository already");
  }
  ASSIGN_OR_RETURN(const GitProgram program, GitProgram::Find(ctx, git_program));
  const std::vector<std::vector<std::string>> steps = {
      {"init", "--quiet", "--initial-branch=main", "--template="},
      {"add", "--all", "--force"},
      {"-c", "user.name=coditect", "-c", "user.email=coditect@localhost", "-c",
       "core.hooksPath=/dev/null", "-c", "gc.auto=0", "commit", "--quiet", "--allow-empty",
       "--cleanup=verbatim", "--message", message}};
  for (const std::vector<std::string>& step : steps) {
    ProcessRequest request{
        .argv = {program.path()}, .environment = program.CleanEnvironment(), .folder = folder};
    request.argv.insert(request.argv.end(), step.begin(), step.end());
    ASSIGN_OR_RETURN(const ProcessResult result, RunProcess(ctx, request));
    if (result.exit_code != 0) {
      return GitFailure(StrCat("make a git repository of ", EscapeForTerminal(folder)), result);
    }
  }
  return absl::OkStatus();
}

}  // namespace coditect::git
