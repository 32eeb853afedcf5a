// Submodules whose objects are here already.
#include "src/adapters/git/modules.h"

#include <sys/stat.h>

#include <map>

#include "src/adapters/git/names.h"
#include "src/base/file.h"

namespace coditect::git {
namespace {

constexpr size_t kModulesBytesMax = size_t{1} << 20;
constexpr size_t kGitFileBytesMax = 8192;

// Collects one small blob; a larger one is cut.
class SmallBlob final : public BlobSink {
 public:
  Status Begin(size_t, uint64_t) override { return absl::OkStatus(); }
  Status Piece(std::string_view bytes) override {
    text_ += bytes.substr(0, kModulesBytesMax - text_.size());
    return absl::OkStatus();
  }
  Status End() override { return absl::OkStatus(); }
  const std::string& text() const { return text_; }

 private:
  std::string text_;
};

// Path -> name, as the tree's .gitmodules has them, read by git as a configuration file.
StatusOr<std::map<std::string, std::string>> ReadNames(const Context& ctx, const GitDir& git,
                                                       const std::vector<TreeEntry>& entries) {
  std::map<std::string, std::string> names;
  for (const TreeEntry& entry : entries) {
    if (entry.path != ".gitmodules" || entry.mode == kModeLink) continue;
    SmallBlob blob;
    RETURN_IF_ERROR(StreamBlobs(ctx, git, {entry.object_id}, {entry.path}, blob));
    ASSIGN_OR_RETURN(const ScratchFolder scratch, git.NewScratch());
    const std::string file = JoinPath(scratch.path(), "modules");
    RETURN_IF_ERROR(WriteFile(file, blob.text()));
    ASSIGN_OR_RETURN(const ProcessResult result,
                     git.Run(ctx, {.args = {"config", "--file", file, "--no-includes", "--null",
                                            "--get-regexp", "^submodule\\..*\\.path$"}}));
    if (result.exit_code != 0) return names;  // none, or a file that is no configuration
    for (const std::string& record : Split(result.out, '\0')) {
      const size_t end = record.find('\n');  // "submodule.NAME.path\nPATH"
      constexpr std::string_view kBefore = "submodule.";
      constexpr std::string_view kAfter = ".path";
      if (end == std::string::npos || end <= kBefore.size() + kAfter.size()) continue;
      names[record.substr(end + 1)] =
          record.substr(kBefore.size(), end - kBefore.size() - kAfter.size());
    }
  }
  return names;
}

// `folder` without links when it is a gitdir inside one of `tops`, else "".
std::string GitDirInside(const std::string& folder, const std::vector<std::string>& tops) {
  const StatusOr<std::string> real = RealPath(folder);
  struct stat info{};
  if (!real.ok() || ::stat(JoinPath(*real, "objects").c_str(), &info) != 0 ||
      !S_ISDIR(info.st_mode)) {
    return "";
  }
  for (const std::string& top : tops) {
    const StatusOr<std::string> real_top = RealPath(top);
    if (real_top.ok() && IsBelow(*real, *real_top)) return *real;
  }
  return "";
}

// What the checkout's .git is or names.
std::string GitDirOfCheckout(const std::string& checkout) {
  const std::string git = JoinPath(checkout, ".git");
  struct stat info{};
  if (::lstat(git.c_str(), &info) != 0) return "";
  if (S_ISDIR(info.st_mode)) return git;
  const std::string text = ReadFile(git, kGitFileBytesMax).value_or("");
  constexpr std::string_view kPrefix = "gitdir: ";
  if (!text.starts_with(kPrefix)) return "";
  return JoinPath(checkout, TrimWhitespace(std::string_view(text).substr(kPrefix.size())));
}

}  // namespace

StatusOr<std::vector<Submodule>> FindSubmodules(const Context& ctx, const GitDir& git,
                                                const std::vector<TreeEntry>& entries,
                                                const std::string& checkout) {
  std::vector<Submodule> found;
  for (const TreeEntry& entry : entries) {
    if (entry.mode == kModeSubmodule) found.push_back({entry.path, entry.object_id, ""});
  }
  if (found.empty()) return found;
  ASSIGN_OR_RETURN(const auto names, ReadNames(ctx, git, entries));
  for (Submodule& submodule : found) {
    const auto name = names.find(submodule.path);
    if (name != names.end() && PathFault(name->second).empty()) {
      const std::string modules = JoinPath(git.common_dir(), "modules");
      submodule.git_dir = GitDirInside(JoinPath(modules, name->second), {modules});
    }
    if (submodule.git_dir.empty() && !checkout.empty()) {
      submodule.git_dir = GitDirInside(GitDirOfCheckout(JoinPath(checkout, submodule.path)),
                                       {git.common_dir(), checkout});
    }
  }
  return found;
}

StatusOr<std::unique_ptr<GitDir>> OpenSubmodule(const Context& ctx, const GitDir& git,
                                                const Submodule& submodule) {
  const Status missing = NotFound("submodule ", Shown(submodule.path), " has no commit ",
                                  submodule.commit.substr(0, 12), " here");
  if (submodule.git_dir.empty()) return missing;
  ASSIGN_OR_RETURN(std::unique_ptr<GitDir> module, git.Beside(submodule.git_dir));
  ASSIGN_OR_RETURN(
      const ProcessResult present,
      module->Run(ctx, {.args = {"cat-file", "-e", StrCat(submodule.commit, "^{tree}")}}));
  if (present.exit_code != 0) return missing;
  return module;
}

StatusOr<std::vector<std::string>> MissingSubmodules(const Context& ctx, const GitDir& git,
                                                     const std::vector<TreeEntry>& entries,
                                                     const std::string& checkout, int depth) {
  std::vector<std::string> missing;
  ASSIGN_OR_RETURN(const auto submodules, FindSubmodules(ctx, git, entries, checkout));
  for (const Submodule& submodule : submodules) {
    const auto module = OpenSubmodule(ctx, git, submodule);
    const auto inner = module.ok() ? ReadTree(ctx, **module, submodule.commit)
                                   : StatusOr<std::vector<TreeEntry>>(module.status());
    if (!inner.ok() || depth >= kSubmoduleDepthMax) {
      missing.push_back(submodule.path);
      continue;
    }
    ASSIGN_OR_RETURN(
        const auto below,
        MissingSubmodules(ctx, **module, *inner,
                          checkout.empty() ? "" : JoinPath(checkout, submodule.path), depth + 1));
    for (const std::string& path : below) missing.push_back(JoinPath(submodule.path, path));
  }
  return missing;
}

}  // namespace coditect::git
