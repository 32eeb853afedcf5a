// Which names may be written: paths in trees, targets of symbolic links, refs, object ids, authors.
#pragma once

#include <string>
#include <string_view>

#include "src/base/status.h"
#include "src/domain/change.h"

namespace coditect::git {

inline constexpr size_t kPathBytesMax = 4095;
inline constexpr size_t kNameBytesMax = 255;
inline constexpr size_t kFolderDepthMax = 128;

/// Why `path` must not be written below a work tree, "" when it may: empty or absolute, a component
/// that is empty, "." or "..", any spelling of ".git" that some file system takes for it (case,
/// NTFS short name and trailing dots or spaces, HFS ignorable characters), a NUL, too long, deeper
/// than kFolderDepthMax. Source: git's verify_path, is_ntfs_dotgit, is_hfs_dotgit.
std::string PathFault(std::string_view path);

/// Why a symbolic link at `path` (which has no PathFault) may not point to `target`, "" when it
/// may. It may point to places of the same tree only: not absolute, ".." only in front (after a
/// name, which may itself be a link, it would lead anywhere) and not beyond the top, nothing named
/// like .git.
std::string LinkFault(std::string_view path, std::string_view target);

/// `id` is a full object id in hexadecimal; object_format: "sha1" or "sha256".
bool IsObjectId(std::string_view id, std::string_view object_format);

/// `ref` starts with "refs/" and is well-formed. Source: git-check-ref-format(1).
bool IsRefName(std::string_view ref);

/// INVALID_ARGUMENT unless UpdateRef may write `ref`: below refs/coditect/, or below
/// refs/heads/coditect/ and `creates`.
Status CheckWritableRef(std::string_view ref, bool creates);

/// What a person may be shown of a path or name that came from outside.
std::string Shown(std::string_view text);

struct Author {
  std::string name;
  std::string mail;
};

/// "Name <mail>" as git stores it unchanged; INVALID_ARGUMENT for anything git would reword.
StatusOr<Author> ParseAuthor(std::string_view text);

}  // namespace coditect::git
