// Rows of lists that are not of runs.
#pragma once

#include <string>

namespace coditect {

/// One open approval, as `inbox` lists it.
struct InboxRow {
  std::string run;
  std::string approval_id;
  std::string subject;
  std::string asked;
  std::string reason;
  std::string stat;
  std::string digest;
  std::string repository;
  std::string goal;

  template <class Self, class Visitor>
  static void Fields(Self& self, Visitor&& visit) {
    visit(1, "run", self.run);
    visit(2, "approval", self.approval_id);
    visit(3, "subject", self.subject);
    visit(4, "asked", self.asked);
    visit(5, "reason", self.reason);
    visit(6, "stat", self.stat);
    visit(7, "digest", self.digest);
    visit(8, "repository", self.repository);
    visit(9, "goal", self.goal);
  }
};

/// A project that `demo --real` knows.
struct ProjectRow {
  std::string name;
  std::string version;
  std::string what;

  template <class Self, class Visitor>
  static void Fields(Self& self, Visitor&& visit) {
    visit(1, "name", self.name);
    visit(2, "version", self.version);
    visit(3, "what", self.what);
  }
};

}  // namespace coditect
