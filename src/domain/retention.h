// What a sweep of old runs finds and does.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "src/domain/ids.h"

namespace coditect {

/// A ref of ours in somebody's repository, below refs/coditect/<run>/.
struct RunRef {
  MissionId run;
  std::string ref;
  CommitId commit;
  bool delivered = false;  // the delivered branch has all of it

  bool operator==(const RunRef&) const = default;
  template <class Self, class Visitor>
  static void Fields(Self& self, Visitor&& visit) {
    visit(1, "run", self.run);
    visit(2, "ref", self.ref);
    visit(3, "commit", self.commit);
    visit(4, "delivered", self.delivered);
  }
};

}  // namespace coditect
