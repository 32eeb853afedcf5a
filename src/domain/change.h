// Changes of files, as bytes: what an agent did to its workspace and what a commit is made of.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "src/base/status.h"
#include "src/domain/ids.h"

namespace coditect {

/// Replaces bytes [start, end) of the base version of `file` (relative path) by `replacement`.
struct SourceEdit {
  std::string file;
  uint32_t start = 0;
  uint32_t end = 0;
  std::string replacement;

  bool operator==(const SourceEdit&) const = default;
  template <class Self, class Visitor>
  static void Fields(Self& self, Visitor&& visit) {
    visit(1, "file", self.file);
    visit(2, "start", self.start);
    visit(3, "end", self.end);
    visit(4, "replacement", self.replacement);
  }
};

/// Bytes [start, end) of the base version of `file`.
struct SourceRange {
  std::string file;
  uint32_t start = 0;
  uint32_t end = 0;

  bool operator==(const SourceRange&) const = default;
};

/// `text` with the edits applied. INVALID_ARGUMENT when one lies outside the text or two overlap.
StatusOr<std::string> ApplyEdits(const std::string& text, std::vector<SourceEdit> edits);

/// One file after the change. Paths are relative, raw bytes.
struct FileChange {
  enum class Kind { kWrite, kDelete, kSymlink };
  std::string path;
  Kind kind = Kind::kWrite;
  std::string content;  // the bytes, or the symbolic link's target
  bool executable = false;
};

/// One entry of a git tree.
struct TreeEntry {
  std::string path;
  uint32_t mode = 0;  // 0100644, 0100755, 0120000 (symlink), 0160000 (submodule)
  std::string object_id;
  uint64_t size_bytes = 0;
};

/// Contiguous changed lines of one file, new numbering, from 1. A pure deletion has count 0 and
/// stands after line `first`.
struct Hunk {
  std::string file;
  uint32_t first = 0;
  uint32_t count = 0;

  bool operator==(const Hunk&) const = default;
};

/// The hunks of a unified diff as git writes it (prefixes a/ and b/, any context), in its order:
/// each run of changed lines is one. A deleted file is one hunk {its path, 0, 0}. Changes without
/// lines (mode, binary, rename) give none. INVALID_ARGUMENT, naming the line, for text that is no
/// such diff. Source: diff-format in git-diff(1), "generating patch text with -p".
StatusOr<std::vector<Hunk>> ParseUnifiedDiff(std::string_view diff);

}  // namespace coditect
