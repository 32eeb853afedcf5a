// Which files of repositories a person trusts: each by its path and the digest of its bytes.
#pragma once

#include <set>
#include <string>
#include <string_view>
#include <utility>

#include "src/base/status.h"

namespace coditect {

/// A person's list, one file of theirs with lines "<sha256> <path>". A value.
class TrustedFiles {
 public:
  /// Nothing is trusted where there is no such file, or when `path` is "". FAILED_PRECONDITION when
  /// it cannot be read; a line that is none of ours trusts nothing.
  static StatusOr<TrustedFiles> Read(const std::string& path);

  /// `file`: absolute, its folder without symbolic links. `bytes`: what was read of it.
  bool Trusts(const std::string& file, std::string_view bytes) const;
  /// Whether another content of the file was trusted.
  bool KnowsOther(const std::string& file, std::string_view bytes) const;

  void Trust(const std::string& file, std::string_view bytes);  // instead of any other content
  bool Revoke(const std::string& file);                         // false: it was not trusted

  /// Replaces the list's file, readable by this person alone.
  Status Write(const std::string& path) const;

 private:
  std::set<std::pair<std::string, std::string>> files_;  // path, digest
};

}  // namespace coditect
