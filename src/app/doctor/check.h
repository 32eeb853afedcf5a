// One row of `coditect doctor`, and the list that the groups of checks add theirs to.
#pragma once

#include <string>
#include <utility>
#include <vector>

namespace coditect {

/// One check. `state`: ok, warn or fail; `fix`: the command or the step that mends it, "" when
/// nothing is to be done.
struct Check {
  std::string group;
  std::string name;
  std::string state;
  std::string detail;
  std::string fix;

  template <class Self, class Visitor>
  static void Fields(Self& self, Visitor&& visit) {
    visit(1, "group", self.group);
    visit(2, "name", self.name);
    visit(3, "state", self.state);
    visit(4, "detail", self.detail);
    visit(5, "fix", self.fix);
  }
};

/// The rows of one group.
class CheckList {
 public:
  CheckList(std::string group, std::vector<Check>* rows) : group_(std::move(group)), rows_(rows) {}

  void Ok(std::string name, std::string detail) { Add("ok", std::move(name), std::move(detail)); }
  void Warn(std::string name, std::string detail, std::string fix) {
    Add("warn", std::move(name), std::move(detail), std::move(fix));
  }
  void Fail(std::string name, std::string detail, std::string fix) {
    Add("fail", std::move(name), std::move(detail), std::move(fix));
  }

 private:
  void Add(std::string state, std::string name, std::string detail, std::string fix = "") {
    rows_->push_back(
        {group_, std::move(name), std::move(state), std::move(detail), std::move(fix)});
  }

  const std::string group_;
  std::vector<Check>* const rows_;
};

}  // namespace coditect
