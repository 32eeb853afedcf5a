// What the failing tests give to the code, and what they expect of it.
#include "src/repair/literal_mining.h"

#include <doctest/doctest.h>

#include <algorithm>

namespace coditect::repair {
namespace {

using Texts = std::vector<std::string>;

const SourceText kTests = {"tests/test_a.py",
                           "import pytest\n"
                           "@pytest.mark.parametrize('x', ['p', 5])\n"
                           "def test_one(x):\n"
                           "    \"\"\"Documentation 99.\"\"\"\n"
                           "    assert clean('raw', 3) == 'Done'\n"
                           "class TestB:\n"
                           "    def test_two(self):\n"
                           "        self.assertEqual(helper.twice(4), 8)\n"
                           "def test_other():\n"
                           "    assert clean('never') == 'seen'\n"};

}  // namespace

TEST_CASE("ArgumentsAndExpectationsAreToldApart") {
  auto mined =
      MineLiterals({kTests}, {{.id = "tests/test_a.py::test_one[p]", .file = "tests/test_a.py"},
                              {.id = "tests/test_a.py::TestB::test_two"}});
  CHECK_EQ(mined.expected_strings, Texts{"'x'", "'p'", "'Done'"});  // a table may be either
  CHECK_EQ(mined.expected_numbers, Texts{"5", "8"});
  CHECK_EQ(mined.argument_numbers, Texts{"5", "3", "4"});
  CHECK(mined.called.contains("clean"));
  CHECK(mined.called.contains("twice"));
}

TEST_CASE("AFileThatCannotBeCollectedIsMinedWhole") {
  auto mined = MineLiterals({kTests}, {{.id = "tests/test_a.py", .file = "tests/test_a.py"}});
  CHECK_NE(std::find(mined.expected_strings.begin(), mined.expected_strings.end(), "'seen'"),
           mined.expected_strings.end());
}

TEST_CASE("OneProgramIsMinedAroundThePlaceOfItsFailure") {
  const SourceText program = {"tests/all.c",
                              "static void check(int got) { assert(got == 5); }\n"
                              "static void one(void) { check(first(1)); }\n"
                              "static void two(void) { assert(second(2) == 7); }\n"
                              "TEST(\"three\")\n"
                              "{\n"
                              "  assert(third(3) == 8);\n"
                              "}\n"
                              "int main(void) { one(); two(); return 0; }\n"};
  const auto called = [&](uint32_t line) {
    return MineLiterals({program}, {{.id = "all", .stack = {{"tests/all.c", line, ""}}}}).called;
  };
  CHECK(called(3).contains("second"));
  CHECK_FALSE(called(3).contains("first"));
  CHECK(called(1).contains("first"));  // whoever calls the function around the place
  CHECK_FALSE(called(1).contains("second"));
  CHECK(called(6).contains("third"));  // a macro stands for the function's head
  CHECK_FALSE(called(6).contains("second"));
}

TEST_CASE("PlainStringsAreReadAndQuotedBack") {
  std::string content;
  CHECK(PlainString("'a b'", &content));
  CHECK_EQ(content, "a b");
  for (const char* other : {"f'a'", "b'a'", "'''a'''", "'a\\n'", "'a' 'b'", "'", ""}) {
    CAPTURE(other);
    CHECK_FALSE(PlainString(other, &content));
  }
  CHECK_EQ(QuoteLike("x", "\"y\""), "\"x\"");
  CHECK_EQ(QuoteLike("it's", "'y'"), "\"it's\"");
}

}  // namespace coditect::repair
