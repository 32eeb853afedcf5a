// Small file operations with their durability spelt out.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "src/base/status.h"

namespace coditect {

/// The file's bytes. NOT_FOUND if absent, INVALID_ARGUMENT if it is not a regular file,
/// RESOURCE_EXHAUSTED if it is larger than `bytes_max`. Never blocks on a FIFO.
StatusOr<std::string> ReadFile(const std::string& path, size_t bytes_max = size_t{1} << 30);

/// Replaces `path` by `bytes` so that a crash leaves the old or the new content: a file without a
/// name, fdatasync, a temporary name, rename, fsync of the folder. RESOURCE_EXHAUSTED on a full
/// disk. `crash_point`: the effect's name for CODITECT_CRASH_AT, "" for none.
Status WriteFileDurably(const std::string& path, std::string_view bytes, unsigned mode = 0600,
                        std::string_view crash_point = "");

/// Makes the names in `folder` durable.
Status SyncFolder(const std::string& folder);

/// Writes without syncing; for files that can be made again.
Status WriteFile(const std::string& path, std::string_view bytes, unsigned mode = 0600);

/// Writes all of `bytes` to `fd`.
Status WriteAll(int fd, std::string_view bytes, std::string_view what);

/// Makes the folder and its missing parents with `mode`.
Status MakeDirs(const std::string& path, unsigned mode = 0700);

/// Removes a file or a whole tree without following symbolic links; also trees whose folders have
/// mode 000. OK when absent.
Status RemoveTree(const std::string& path);

/// Names in the folder, sorted, without "." and "..".
StatusOr<std::vector<std::string>> ListDir(const std::string& path);

bool PathExists(const std::string& path);

/// Absolute path without symbolic links. NOT_FOUND if absent.
StatusOr<std::string> RealPath(const std::string& path);

/// `base` and `relative` joined by exactly one slash; `relative` alone when it is absolute.
std::string JoinPath(std::string_view base, std::string_view relative);

/// The path's last component, and everything before it.
std::string BaseName(std::string_view path);
std::string DirName(std::string_view path);

/// True when `path` is `folder` or lies below it (both absolute, normalised).
bool IsBelow(std::string_view path, std::string_view folder);

}  // namespace coditect
