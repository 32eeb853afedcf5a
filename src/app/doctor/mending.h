// `coditect doctor --fix`: what can be mended without a person's judgement.
#pragma once

#include <map>
#include <string>
#include <vector>

namespace coditect {

/// One thing that was mended, or would be.
struct Mended {
  std::string action;  // "make /…/blobs", "remove the leftover /…"
  std::string result;  // "done", "would", "failed" or "left"
  std::string reason;  // of "failed" and "left"

  template <class Self, class Visitor>
  static void Fields(Self& self, Visitor&& visit) {
    visit(1, "action", self.action);
    visit(2, "result", self.result);
    visit(3, "reason", self.reason);
  }
};

/// Makes the folders of the state and closes them to others, clears what dead owners left (lock,
/// socket, processes, mounts, folders) and sets a damaged telemetry file aside. Only what belongs
/// to this user is touched, nothing of a living owner, no repository. dry_run: changes nothing.
std::vector<Mended> Mend(const std::map<std::string, std::string>& environment, bool dry_run);

}  // namespace coditect
