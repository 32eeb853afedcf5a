// What the person's shell would use, resolved by the client and shown read-only in sandboxes.
#pragma once

#include <map>
#include <string>
#include <vector>

namespace coditect {

/// Paths are absolute. `read_only` are bound at their own place; `overlays` are dependency folders
/// inside the repository (relative paths), shown copy-on-write.
struct Toolchain {
  std::map<std::string, std::string> environment;  // allow-listed
  std::string python;                              // interpreter to start, "" = none found
  std::string python_origin;  // why this one: "VIRTUAL_ENV", ".venv", "PATH", …
  std::vector<std::string> read_only;
  std::vector<std::string> overlays;
  std::vector<std::string> path;  // entries of PATH inside

  bool operator==(const Toolchain&) const = default;
  template <class Self, class Visitor>
  static void Fields(Self& self, Visitor&& visit) {
    visit(1, "environment", self.environment);
    visit(2, "python", self.python);
    visit(3, "python_origin", self.python_origin);
    visit(4, "read_only", self.read_only);
    visit(5, "overlays", self.overlays);
    visit(6, "path", self.path);
  }
};

}  // namespace coditect
