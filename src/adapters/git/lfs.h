// git-lfs: pointers, and the objects that were fetched already.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace coditect::git {

inline constexpr size_t kLfsPointerBytesMax = 1024;  // git-lfs's own limit

/// What a pointer file says. Source: git-lfs docs/spec.md, version 1.
struct LfsPointer {
  std::string oid;  // 64 hexadecimal digits, SHA-256 of the content
  uint64_t size_bytes = 0;
};

/// Nothing when the text is no pointer.
std::optional<LfsPointer> ParseLfsPointer(std::string_view text);

/// The object's file below `common_dir`/lfs/objects when its size and SHA-256 are right, else "".
std::string FindLfsObject(const std::string& common_dir, const LfsPointer& pointer);

/// The same by its size alone, for those who only tell what is missing.
bool HasLfsObject(const std::string& common_dir, const LfsPointer& pointer);

}  // namespace coditect::git
