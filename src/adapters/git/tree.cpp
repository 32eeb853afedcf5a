// Reading trees and blobs.
#include "src/adapters/git/tree.h"

#include <algorithm>
#include <charconv>

#include "absl/container/flat_hash_set.h"

#include "src/adapters/git/names.h"

namespace coditect::git {
namespace {

constexpr size_t kListingBytesMax = size_t{512} << 20;
constexpr size_t kHeaderBytesMax = 200;  // "<id> <type> <size>"

std::string_view NextField(std::string_view& text, char end) {
  const size_t at = text.find(end);
  const std::string_view field = text.substr(0, at);
  text.remove_prefix(at == std::string_view::npos ? text.size() : at + 1);
  return field;
}

template <typename Number>
bool Parse(std::string_view text, int base, Number* value) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), *value, base);
  return error == std::errc() && end == text.data() + text.size() && !text.empty();
}

// "<mode> <type> <id>[ <size padded>]\t<path>"
bool ParseEntry(std::string_view record, Sizes sizes, TreeEntry* entry) {
  if (!Parse(NextField(record, ' '), 8, &entry->mode)) return false;
  NextField(record, ' ');
  entry->object_id = NextField(record, sizes == Sizes::kNone ? '\t' : ' ');
  if (sizes == Sizes::kBytes) {
    const std::string_view size = TrimWhitespace(NextField(record, '\t'));
    entry->path = record;
    if (size != "-" && !Parse(size, 10, &entry->size_bytes)) return false;
  }
  entry->path = record;
  // Old trees have 0100664 and the like; only the executable bit means something.
  if ((entry->mode & 0170000) == 0100000) {
    entry->mode = (entry->mode & 0100) != 0 ? kModeExecutable : kModeFile;
  }
  return true;
}

Status Refuse(const TreeEntry& entry, std::string_view fault) {
  return InvalidArgument("the tree's path '",
                         EscapeForTerminal(entry.path.substr(0, kNameBytesMax)), "' ", fault,
                         "; such a tree is not checked out");
}

Status MissingObject(const GitDir& git, std::string_view id, std::string_view name) {
  const std::string what = StrCat("the content of ", name, ", object ", id, ",");
  if (git.IsPartialClone()) {
    return FailedPrecondition(what, " was never fetched: this is a partial clone; fetch it with ",
                              "`git fetch --refetch --no-filter` and try again");
  }
  return DataLoss(what, " is missing: the repository is damaged; see what `git fsck` says");
}

// Reads the output of `git cat-file --batch`.
class BlobReader {
 public:
  BlobReader(const GitDir& git, const std::vector<std::string>& ids,
             const std::vector<std::string>& names, BlobSink& sink)
      : git_(git), ids_(ids), names_(names), sink_(sink) {}

  Status Take(std::string_view bytes);
  bool done() const { return index_ == ids_.size() && state_ == State::kHeader; }
  const std::string& current() const { return names_[std::min(index_, names_.size() - 1)]; }

 private:
  enum class State { kHeader, kBody, kNewline };
  Status TakeHeader(std::string_view line);

  const GitDir& git_;
  const std::vector<std::string>& ids_;
  const std::vector<std::string>& names_;
  BlobSink& sink_;
  State state_ = State::kHeader;
  std::string header_;
  uint64_t left_ = 0;
  size_t index_ = 0;
};

Status BlobReader::TakeHeader(std::string_view line) {
  if (index_ >= ids_.size()) return Internal("git cat-file answered more than it was asked");
  const std::string_view id = NextField(line, ' ');
  const std::string_view type = NextField(line, ' ');
  if (id != ids_[index_]) return Internal("git cat-file answered for another object");
  if (type == "missing") return MissingObject(git_, ids_[index_], current());
  if (type != "blob" || !Parse(line, 10, &left_)) {
    return InvalidArgument("object ", ids_[index_], " (", current(), ") is no blob");
  }
  RETURN_IF_ERROR(sink_.Begin(index_, left_));
  state_ = State::kBody;
  return absl::OkStatus();
}

Status BlobReader::Take(std::string_view bytes) {
  while (!bytes.empty() || (state_ == State::kBody && left_ == 0)) {
    if (state_ == State::kHeader) {
      const size_t end = bytes.find('\n');
      header_ += bytes.substr(0, end);
      bytes.remove_prefix(end == std::string_view::npos ? bytes.size() : end + 1);
      if (header_.size() > kHeaderBytesMax) return Internal("git cat-file answered nonsense");
      if (end == std::string_view::npos) return absl::OkStatus();
      RETURN_IF_ERROR(TakeHeader(header_));
      header_.clear();
    } else if (state_ == State::kBody) {
      const std::string_view piece = bytes.substr(0, left_);
      if (!piece.empty()) RETURN_IF_ERROR(sink_.Piece(piece));
      bytes.remove_prefix(piece.size());
      left_ -= piece.size();
      if (left_ > 0) continue;
      RETURN_IF_ERROR(sink_.End());
      state_ = State::kNewline;
    } else {
      bytes.remove_prefix(1);
      ++index_;
      state_ = State::kHeader;
    }
  }
  return absl::OkStatus();
}

}  // namespace

StatusOr<std::vector<TreeEntry>> ReadTree(const Context& ctx, const GitDir& git,
                                          const std::string& id, Sizes sizes) {
  GitCall call{.args = {"ls-tree", "-r", "-z", "--full-tree"},
               .stdout_bytes_max = kListingBytesMax};
  if (sizes == Sizes::kBytes) call.args.emplace_back("-l");
  call.args.push_back(id);
  const std::string doing = StrCat("list the files of ", id);
  ASSIGN_OR_RETURN(const std::string listing, git.Output(ctx, doing, call));
  std::vector<TreeEntry> entries;
  for (std::string_view rest = listing; !rest.empty();) {
    TreeEntry entry;
    if (!ParseEntry(NextField(rest, '\0'), sizes, &entry)) {
      return MissingObject(git, entry.object_id, EscapeForTerminal(entry.path));
    }
    entries.push_back(std::move(entry));
    if (entries.size() > kTreeEntriesMax) {
      return ResourceExhausted("cannot ", doing, ": there are more than ", kTreeEntriesMax);
    }
  }
  RETURN_IF_ERROR(CheckEntries(entries));
  return entries;
}

Status CheckEntries(const std::vector<TreeEntry>& entries) {
  absl::flat_hash_set<std::string_view> files;
  absl::flat_hash_set<std::string_view> folders;
  files.reserve(entries.size());
  std::string_view last_folder;
  for (const TreeEntry& entry : entries) {
    const std::string_view path = entry.path;
    if (const std::string fault = PathFault(path); !fault.empty()) return Refuse(entry, fault);
    if (entry.mode != kModeFile && entry.mode != kModeExecutable && entry.mode != kModeLink &&
        entry.mode != kModeSubmodule) {
      return Refuse(entry, "has a mode that git does not know");
    }
    if (!files.insert(path).second) return Refuse(entry, "is there twice");
    const size_t slash = path.rfind('/');
    std::string_view folder = slash == std::string_view::npos ? "" : path.substr(0, slash);
    if (folder == last_folder) continue;
    last_folder = folder;
    while (!folder.empty() && folders.insert(folder).second) {
      const size_t up = folder.rfind('/');
      folder = up == std::string_view::npos ? "" : folder.substr(0, up);
    }
  }
  for (const TreeEntry& entry : entries) {
    if (folders.contains(entry.path))
      return Refuse(entry, "is a file or link and a folder at once");
  }
  return absl::OkStatus();
}

Status StreamBlobs(const Context& ctx, const GitDir& git, const std::vector<std::string>& ids,
                   const std::vector<std::string>& names, BlobSink& sink) {
  if (ids.empty()) return absl::OkStatus();
  std::string input;
  input.reserve(ids.size() * (ids[0].size() + 1));
  for (const std::string& id : ids) input += id + "\n";
  BlobReader reader(git, ids, names, sink);
  GitCall call{.args = {"cat-file", "--batch", "--buffer"}, .stdin_bytes = input};
  call.on_stdout = [&reader](std::string_view bytes) { return reader.Take(bytes); };
  RETURN_IF_ERROR(git.Output(ctx, "copy files out of the repository", call).status());
  if (reader.done()) return absl::OkStatus();
  return DataLoss("git stopped before the content of ", reader.current(), "; see `git fsck`");
}

StatusOr<std::vector<TreeDifference>> DiffTrees(const Context& ctx, const GitDir& git,
                                                const std::string& from, const std::string& to) {
  ASSIGN_OR_RETURN(
      const std::string listing,
      git.Output(ctx, StrCat("compare ", from, " with ", to),
                 {.args = {"diff-tree", "-r", "-t", "-z", "--raw", "--no-renames", "--no-abbrev",
                           "--ignore-submodules=none", "--end-of-options", from, to, "--"},
                  .stdout_bytes_max = kListingBytesMax}));
  std::vector<TreeDifference> differences;
  for (std::string_view rest = listing; !rest.empty();) {
    // ":<old mode> <new mode> <old id> <new id> <letter>\0<path>\0"
    std::string_view record = NextField(rest, '\0');
    if (!record.empty()) record.remove_prefix(1);
    TreeDifference difference;
    const bool modes = Parse(NextField(record, ' '), 8, &difference.old_mode) &&
                       Parse(NextField(record, ' '), 8, &difference.new_mode);
    if (!modes) return Internal("git diff-tree answered nonsense");
    difference.old_id = NextField(record, ' ');
    difference.new_id = NextField(record, ' ');
    difference.path = NextField(rest, '\0');
    differences.push_back(std::move(difference));
  }
  return differences;
}

}  // namespace coditect::git
