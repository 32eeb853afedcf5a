// What a diff does to each file.
#pragma once

#include <string>
#include <vector>

namespace coditect {

/// What a diff does to one file.
struct DiffedFile {
  std::string path;  // as git prints it: quoted when it is an odd one
  uint64_t added = 0;
  uint64_t removed = 0;

  template <class Self, class Visitor>
  static void Fields(Self& self, Visitor&& visit) {
    visit(1, "path", self.path);
    visit(2, "added", self.added);
    visit(3, "removed", self.removed);
  }
};

/// One for each file of git's `diff`, in its order.
std::vector<DiffedFile> ChangesOf(const std::string& diff);

}  // namespace coditect
