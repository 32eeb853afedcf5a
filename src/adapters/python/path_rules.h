// Which folders of the person's machine a sandbox may be shown.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace coditect::python {

/// Collects folders to bind read-only, each with the rules applied; remembers what was refused.
class ReadOnlyFolders {
 public:
  ReadOnlyFolders(std::string repository, std::string home);

  /// Adds an absolute folder. System folders and those below the repository or below another one
  /// need no bind of their own. False when the folder is refused: `why` then names it.
  bool Add(const std::string& folder, std::string_view why);

  /// Whether a sandbox shows this absolute path.
  bool Shows(std::string_view path) const;

  const std::vector<std::string>& folders() const { return folders_; }
  const std::vector<std::string>& notes() const { return notes_; }

 private:
  bool IsPrivate(std::string_view folder) const;

  const std::string repository_;
  const std::string home_;
  std::vector<std::string> folders_;
  std::vector<std::string> notes_;
};

/// True below the folders every sandbox shows anyway.
bool IsSystemFolder(std::string_view path);

}  // namespace coditect::python
