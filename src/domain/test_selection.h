// The tests a person asked to have mended, when it is not all of them.
#pragma once

#include <string>
#include <vector>

#include "src/domain/fields.h"

namespace coditect {

/// One test as the person named it, and the ids it could have here, likeliest first.
struct NamedTest {
  std::string name;
  std::vector<std::string> ids;

  bool operator==(const NamedTest&) const = default;
  template <class Self, class Visitor>
  static void Fields(Self& self, Visitor&& visit) {
    visit(1, "name", self.name);
    visit(2, "ids", self.ids);
  }
};

/// A blob of the mission's request.
struct TestSelection {
  std::vector<NamedTest> tests;

  bool operator==(const TestSelection&) const = default;
  template <class Self, class Visitor>
  static void Fields(Self& self, Visitor&& visit) {
    visit(1, "tests", self.tests);
  }
};

}  // namespace coditect
