// A tree with changes applied.
#include "src/adapters/git/write_tree.h"

#include <algorithm>
#include <optional>

#include "absl/container/flat_hash_set.h"

#include "src/adapters/git/durability.h"
#include "src/adapters/git/lfs.h"
#include "src/adapters/git/names.h"
#include "src/adapters/git/tree.h"
#include "src/base/file.h"

namespace coditect::git {
namespace {

constexpr char kModules[] = ".gitmodules";

Status Refuse(const FileChange& change, std::string_view fault) {
  return InvalidArgument("the change of '", EscapeForTerminal(change.path.substr(0, kNameBytesMax)),
                         "' is refused: its path ", fault);
}

// Writes the changes' bytes as blobs; result[i] belongs to changes[i], "" for a deletion.
StatusOr<std::vector<std::string>> WriteBlobs(const Context& ctx, const GitDir& git,
                                              const std::string& scratch,
                                              const std::vector<FileChange>& changes) {
  std::vector<std::string> ids(changes.size());
  std::vector<size_t> written;
  std::string names;
  for (size_t i = 0; i < changes.size(); ++i) {
    if (changes[i].kind == FileChange::Kind::kDelete) continue;
    RETURN_IF_ERROR(WriteFile(JoinPath(scratch, std::to_string(i)), changes[i].content));
    names += std::to_string(i) + "\n";
    written.push_back(i);
  }
  if (written.empty()) return ids;
  ASSIGN_OR_RETURN(
      const std::string out,
      git.Output(ctx, "store the changed files",
                 {.args = {"hash-object", "-t", "blob", "-w", "--no-filters", "--stdin-paths"},
                  .stdin_bytes = names,
                  .folder = scratch}));
  const std::vector<std::string> lines = Split(TrimWhitespace(out), '\n');
  if (lines.size() != written.size()) return Internal("git hash-object answered nonsense");
  for (size_t k = 0; k < written.size(); ++k) ids[written[k]] = lines[k];
  return ids;
}

// Input of `git update-index --index-info -z`.
std::string IndexInfo(const std::vector<FileChange>& changes, const std::vector<std::string>& ids,
                      size_t id_digits) {
  std::string info;
  for (size_t i = 0; i < changes.size(); ++i) {
    const FileChange& change = changes[i];
    const std::string_view mode = change.kind == FileChange::Kind::kSymlink ? "120000"
                                  : change.executable                       ? "100755"
                                                                            : "100644";
    info += change.kind == FileChange::Kind::kDelete
                ? StrCat("0 ", std::string(id_digits, '0'), "\t", change.path)
                : StrCat(mode, " ", ids[i], "\t", change.path);
    info += '\0';
  }
  return info;
}

// Looks for a git-lfs pointer among small blobs.
class PointerFinder final : public BlobSink {
 public:
  Status Begin(size_t index, uint64_t) override {
    index_ = index;
    text_.clear();
    return absl::OkStatus();
  }
  Status Piece(std::string_view bytes) override {
    if (text_.size() <= kLfsPointerBytesMax) text_ += bytes.substr(0, kLfsPointerBytesMax + 1);
    return absl::OkStatus();
  }
  Status End() override {
    if (!found_.has_value() && ParseLfsPointer(text_).has_value()) found_ = index_;
    return absl::OkStatus();
  }
  std::optional<size_t> found() const { return found_; }

 private:
  size_t index_ = 0;
  std::string text_;
  std::optional<size_t> found_;
};

// In a workspace a pointer's file has the object's bytes: a change of it would commit those.
Status RefuseLfs(const Context& ctx, const GitDir& git,
                 const std::vector<TreeDifference>& differences) {
  std::vector<std::string> ids;
  std::vector<std::string> names;
  for (const TreeDifference& difference : differences) {
    const bool file = difference.old_mode == kModeFile || difference.old_mode == kModeExecutable;
    if (!file || difference.new_mode == 0) continue;
    ids.push_back(difference.old_id);
    names.push_back(EscapeForTerminal(difference.path));
  }
  PointerFinder pointers;
  RETURN_IF_ERROR(StreamBlobs(ctx, git, ids, names, pointers));
  if (!pointers.found().has_value()) return absl::OkStatus();
  return InvalidArgument("the changes would replace ", names[*pointers.found()],
                         ", whose content git-lfs keeps: coditect does not change such files");
}

}  // namespace

Status CheckChanges(const std::vector<FileChange>& changes) {
  if (changes.size() > kChangesMax) {
    return InvalidArgument(changes.size(), " changed files are more than ", kChangesMax);
  }
  absl::flat_hash_set<std::string_view> paths;
  absl::flat_hash_set<std::string_view> written_below;
  for (const FileChange& change : changes) {
    const std::string_view path = change.path;
    if (const std::string fault = PathFault(path); !fault.empty()) return Refuse(change, fault);
    if (path == kModules) return Refuse(change, "configures submodules");
    if (!paths.insert(path).second) return Refuse(change, "is there twice");
    if (change.kind == FileChange::Kind::kDelete) continue;
    if (change.kind == FileChange::Kind::kSymlink) {
      const std::string fault = LinkFault(path, change.content);
      if (!fault.empty()) return Refuse(change, fault);
    }
    for (size_t at = path.find('/'); at != std::string_view::npos; at = path.find('/', at + 1)) {
      written_below.insert(path.substr(0, at));
    }
  }
  for (const FileChange& change : changes) {
    if (change.kind != FileChange::Kind::kDelete && written_below.contains(change.path)) {
      return Refuse(change, "is a file and a folder at once");
    }
  }
  return absl::OkStatus();
}

StatusOr<TreeId> WriteTree(const Context& ctx, const GitDir& git, const std::string& id,
                           const std::vector<FileChange>& changes) {
  RETURN_IF_ERROR(CheckChanges(changes));
  ASSIGN_OR_RETURN(const ScratchFolder scratch, git.NewScratch());
  ASSIGN_OR_RETURN(const std::vector<std::string> ids,
                   WriteBlobs(ctx, git, scratch.path(), changes));
  const std::vector<std::string> index = {
      StrCat("GIT_INDEX_FILE=", JoinPath(scratch.path(), "index"))};
  const std::string doing = StrCat("change tree ", id);
  // The index is thrown away: not worth a sync.
  RETURN_IF_ERROR(
      git.Output(ctx, doing,
                 {.args = {"-c", "core.fsync=all,-index", "read-tree", id}, .environment = index})
          .status());
  const std::string info = IndexInfo(changes, ids, id.size());
  RETURN_IF_ERROR(
      git.Output(ctx, doing,
                 {.args = {"-c", "core.fsync=all,-index", "update-index", "-z", "--index-info"},
                  .environment = index,
                  .stdin_bytes = info})
          .status());
  ASSIGN_OR_RETURN(const std::string out,
                   git.Output(ctx, doing, {.args = {"write-tree"}, .environment = index}));
  const TreeId tree(TrimWhitespace(out));
  ASSIGN_OR_RETURN(const std::vector<TreeDifference> differences, DiffTrees(ctx, git, id, tree));
  std::vector<std::string> new_ids = {tree};
  for (const TreeDifference& difference : differences) {
    if (difference.old_mode == kModeSubmodule) {
      return InvalidArgument("the changes would replace submodule ",
                             EscapeForTerminal(difference.path),
                             ": coditect does not change submodules, mend it in a run of its own");
    }
    new_ids.push_back(difference.new_id);
  }
  RETURN_IF_ERROR(RefuseLfs(ctx, git, differences));
  RETURN_IF_ERROR(SyncObjects(git.objects(), new_ids));
  return tree;
}

}  // namespace coditect::git
