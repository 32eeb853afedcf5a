// Asking the person's own git.
#include "src/adapters/git/discover.h"

#include <limits.h>

#include <array>
#include <utility>

#include "src/adapters/git/names.h"
#include "src/base/file.h"

namespace coditect::git {
namespace {

// The folder that git itself says must be trusted; `fallback` when it names none.
std::string FolderToTrust(std::string_view said, const std::string& fallback) {
  constexpr std::string_view kMark = "--add safe.directory ";
  const size_t at = said.find(kMark);
  if (at == std::string_view::npos) return ShellQuote(fallback);
  said.remove_prefix(at + kMark.size());
  return std::string(TrimWhitespace(said.substr(0, said.find('\n'))));
}

}  // namespace

PersonGit::PersonGit(const Context& ctx, const GitProgram& program, std::string folder,
                     const std::map<std::string, std::string>& environment)
    : ctx_(ctx), program_(program), folder_(std::move(folder)) {
  for (std::string& variable : program.CleanEnvironment()) {
    const bool configuration = variable.find("GIT_CONFIG_") == 0;
    const bool own = environment.contains(variable.substr(0, variable.find('=')));
    if (!configuration && !own) environment_.push_back(std::move(variable));
  }
  for (const auto& [name, value] : environment) environment_.push_back(StrCat(name, "=", value));
}

StatusOr<ProcessResult> PersonGit::Run(const std::vector<std::string>& args) const {
  ProcessRequest request{.argv = {program_.path()},
                         .environment = environment_,
                         .folder = folder_,
                         .stdout_bytes_max = 1 << 16};
  request.argv.insert(request.argv.end(), args.begin(), args.end());
  return RunProcess(ctx_, request);
}

// One path that git prints, without the line feed at its end; it may contain others.
StatusOr<std::string> PersonGit::Path(const char* option) const {
  ASSIGN_OR_RETURN(const ProcessResult result,
                   Run({"rev-parse", "--path-format=absolute", option}));
  if (result.exit_code != 0) return Explain(result);
  return RealPath(result.out.substr(0, result.out.size() - 1));
}

// Why git does not take the folder for a repository.
Status PersonGit::Explain(const ProcessResult& result) const {
  const std::string said = Shown(TrimWhitespace(result.err.substr(0, result.err.find("\n\n"))));
  const std::string where = Shown(folder_);
  if (Contains(result.err, "dubious ownership")) {
    return FailedPrecondition(
        where, " belongs to another user, and git refuses to work in it; if you trust it: ",
        "git config --global --add safe.directory ", Shown(FolderToTrust(result.err, folder_)));
  }
  if (Contains(result.err, "not a git repository")) {
    for (std::string up = folder_; up.size() > 1; up = DirName(up)) {
      if (!PathExists(JoinPath(up, ".git"))) continue;
      return DataLoss(Shown(JoinPath(up, ".git")), " is there, but git does not take it for a ",
                      "repository (", said, "): restore it from a clone or backup");
    }
    return NotFound(where, " is not in a git repository: go to one, name one with -C, or make one ",
                    "with git init and a first commit");
  }
  return DataLoss("git cannot open the repository at ", where, ": ", said,
                  "; see what `git status` says there");
}

StatusOr<PersonGit::Discovery> PersonGit::Discover() const {
  Discovery found;
  ASSIGN_OR_RETURN(const ProcessResult facts,
                   Run({"rev-parse", "--is-bare-repository", "--is-inside-git-dir",
                        "--is-shallow-repository", "--show-object-format"}));
  if (facts.exit_code != 0) return Explain(facts);
  const std::vector<std::string> lines = Split(facts.out, '\n');
  if (lines.size() < 4) return Internal("git rev-parse answered nonsense");
  const bool bare = lines[0] == "true";
  if (bare || lines[1] == "true") {
    return FailedPrecondition(Shown(folder_),
                              bare ? " is a bare repository" : " is inside a .git folder",
                              ", without a work tree: name a clone of it or one of its work trees");
  }
  found.shallow = lines[2] == "true";
  found.ref.object_format = lines[3];
  ASSIGN_OR_RETURN(found.ref.path, Path("--show-toplevel"));
  ASSIGN_OR_RETURN(found.ref.git_dir, Path("--git-dir"));
  ASSIGN_OR_RETURN(found.ref.common_dir, Path("--git-common-dir"));
  if (!IsBelow(folder_, found.ref.path)) {
    return FailedPrecondition("the repository's configuration says that its work tree is ",
                              Shown(found.ref.path), ", not ", Shown(folder_),
                              ": go there, or correct core.worktree");
  }
  return found;
}

StatusOr<std::string> PersonGit::Author() const {
  // Without names of its own git would guess a mail address by looking this machine up in the DNS.
  ASSIGN_OR_RETURN(const ProcessResult result,
                   Run({"-c", "user.useConfigOnly=true", "var", "GIT_AUTHOR_IDENT"}));
  // "Name <mail> <seconds> <zone>"
  const size_t end = result.out.rfind('>');
  if (result.exit_code != 0 || end == std::string::npos) return std::string();
  std::string author = result.out.substr(0, end + 1);
  return ParseAuthor(author).ok() ? author : std::string();
}

std::string OperationInProgress(const std::string& git_dir) {
  constexpr std::array<std::pair<const char*, const char*>, 6> kMarks = {
      {{"rebase-merge", "rebase"},
       {"rebase-apply", "rebase"},
       {"MERGE_HEAD", "merge"},
       {"CHERRY_PICK_HEAD", "cherry-pick"},
       {"REVERT_HEAD", "revert"},
       {"BISECT_LOG", "bisect"}}};
  for (const auto& [file, operation] : kMarks) {
    if (PathExists(JoinPath(git_dir, file))) return operation;
  }
  return "";
}

}  // namespace coditect::git
