// Over-fitted patches are refused by name.
#include "src/repair/patch_ranking.h"

#include <doctest/doctest.h>

namespace coditect::repair {
namespace {

/// The rule for the patch that turns `before` into `after`.
std::string Rule(const std::string& before, const std::string& after,
                 const std::string& path = "a.py") {
  auto source = SourceModel::Create({path, before});
  REQUIRE(source.ok());
  MinedLiterals literals;
  literals.argument_numbers = {"42", "2"};
  literals.argument_strings = {"'abc'"};
  return RefusalRule(**source, {{0, static_cast<uint32_t>(before.size()), after}}, literals);
}

}  // namespace

TEST_CASE("OverfittedPatchesAreRefusedByName") {
  struct Row {
    const char* rule;
    const char* before;
    const char* after;
  };
  const Row rows[] = {
      {"deletes_guard", "def f(a):\n    assert a\n    return a\n", "def f(a):\n    return a\n"},
      {"deletes_guard", "def f(a):\n    if a:\n        raise E\n    return a\n",
       "def f(a):\n    return a\n"},
      {"deletes_guard", "def f(a):\n    if not a:\n        return 0\n    return g(a)\n",
       "def f(a):\n    return g(a)\n"},
      {"special_case", "def f(a):\n    return g(a)\n",
       "def f(a):\n    if a == 42:\n        return 7\n    return g(a)\n"},
      {"special_case", "def f(a):\n    return g(a)\n", "def f(a):\n    return a in ('abc', 1)\n"},
      {"narrows_to_test", "def f(a):\n    return a > 3\n",
       "def f(a):\n    return a > 3 and a != 42\n"},
      {"unreachable_code", "def f(a):\n    a += 1\n    return a\n",
       "def f(a):\n    return a\n    a += 1\n"},
      {"unreachable_code", "def f(a):\n    if a:\n        g()\n",
       "def f(a):\n    if False:\n        g()\n"},
      {"unreachable_code", "def f(a, b):\n    if a == b:\n        g()\n",
       "def f(a, b):\n    if a == a:\n        g()\n"},
      {"constant_result", "def f(a):\n    return g(a)\n", "def f(a):\n    return 7\n"},
      {"swallows_exception", "def f(a):\n    return g(a)\n",
       "def f(a):\n    try:\n        return g(a)\n    except E:\n        return h(a)\n"},
  };
  for (const Row& row : rows) {
    CAPTURE(row.after);
    CHECK_EQ(Rule(row.before, row.after), row.rule);
  }
  CHECK_EQ(Rule("def test_a():\n    assert f() == 1\n", "def test_a():\n    assert f() == 2\n",
                "t/test_a.py"),
           "edits_tests");
  CHECK_EQ(Rule("def f(a):\n    '>>> f(1)\\n2'\n    return a\n",
                "def f(a):\n    '>>> f(1)\\n1'\n    return a\n"),
           "edits_tests");
}

TEST_CASE("OrdinaryRepairsAreNotRefused") {
  const std::pair<const char*, const char*> rows[] = {
      {"def f(a):\n    return a < 3\n", "def f(a):\n    return a <= 3\n"},
      {"def f(a):\n    return g(a)\n",
       "def f(a):\n    if a == 0:\n        return 0\n    return g(a)\n"},
      {"def f(a):\n    if a == 42:\n        return 1\n    return 0\n",
       "def f(a):\n    if a != 42:\n        return 1\n    return 0\n"},
      {"def f(a):\n    return a % 3\n", "def f(a):\n    return a % 2\n"},
      {"def f(a):\n    for x in a:\n        return x\n",
       "def f(a):\n    for x in a:\n        if x == 2:\n            return x\n"},
      {"def f(a):\n    return True\n", "def f(a):\n    return False\n"},
  };
  for (const auto& [before, after] : rows) {
    CAPTURE(after);
    CHECK_EQ(Rule(before, after), "");
  }
}

TEST_CASE("AcceptablePatchesComeFirstThenTheBetterScore") {
  std::vector<RankedPatch> patches = {
      {.number = 1, .score = 0.9, .refused_by = "special_case"},
      {.number = 2, .score = 0.2},
      {.number = 4, .score = 0.5},
      {.number = 3, .score = 0.5},
  };
  SortPatches(&patches);
  std::vector<uint64_t> order;
  for (const RankedPatch& patch : patches) order.push_back(patch.number);
  CHECK_EQ(order, std::vector<uint64_t>{3, 4, 2, 1});
}

}  // namespace coditect::repair
