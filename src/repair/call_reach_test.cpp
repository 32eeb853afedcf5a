// Steps of calls by name.
#include "src/repair/call_reach.h"

#include <doctest/doctest.h>

namespace coditect::repair {
namespace {

CallReach ReachOf(const SourceText& source) {
  const auto model = SourceModel::Create(source);
  REQUIRE(model.ok());
  CallReach reach;
  reach.Add(**model);
  return reach;
}

TEST_CASE("StepsAreCountedByNameFromWhatIsCalled") {
  CallReach reach = ReachOf({"a.cpp",
                             "int deepest() { return 1; }\n"
                             "int deep() { return deepest(); }\n"
                             "int first(Box* b) { return deep() + b->size(); }\n"
                             "int apart() { return deep(); }\n"
                             "int Box::size() { return 2; }\n"
                             "Box& Box::operator=(int a) { return assign(a); }\n"
                             "Box::~Box() { release(); }\n"
                             "void release() {}\n"
                             "Other& Other::operator=(int a) { return *this; }\n"});
  reach.Walk({"first"}, {});
  CHECK_EQ(reach.Steps("first"), 0);
  CHECK_EQ(reach.Steps("deep"), 1);
  CHECK_EQ(reach.Steps("deepest"), 2);
  CHECK_EQ(reach.Steps("Box.size"), 1);
  CHECK_EQ(reach.Steps("Box.~Box"), 2);
  CHECK_EQ(reach.Steps("Box.operator= a"), 2);
  CHECK_EQ(reach.Steps("release"), 3);
  CHECK_EQ(reach.Steps("apart"), std::nullopt);
  CHECK_EQ(reach.Steps("Other.operator= a"), std::nullopt);
  reach.Walk({}, {"deep"});  // its own assertion failed: its callers may be to blame
  CHECK_EQ(reach.Steps("deep"), 0);
  CHECK_EQ(reach.Steps("apart"), 1);
  CHECK_EQ(reach.Steps("deepest"), 1);
  CHECK_EQ(reach.Steps("Box.size"), 2);
  reach.Walk({"deep"}, {"deep"});
  CHECK_EQ(reach.Steps("apart"), 1);
}

TEST_CASE("CallsInACircleEnd") {
  CallReach reach = ReachOf(
      {"a.py", "def even(n):\n    return odd(n - 1)\ndef odd(n):\n    return even(n - 1)\n"});
  reach.Walk({"odd"}, {});
  CHECK_EQ(reach.Steps("even"), 1);
  CHECK_EQ(reach.Steps("odd"), 0);
}

}  // namespace
}  // namespace coditect::repair
