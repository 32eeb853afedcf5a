// One key is set and nothing else is touched.
#include "src/app/config/edit.h"

#include <doctest/doctest.h>

namespace coditect {
namespace {

std::string Set(const std::string& text, std::string_view name, std::string_view value) {
  const auto edited = SetTomlValue(text, name, value);
  REQUIRE_MESSAGE(edited.ok(), Message(edited.status()));
  return *edited;
}

}  // namespace

TEST_CASE("ASetValueIsReplacedWhereverItStands") {
  CHECK_EQ(
      Set("# a\n[agent]\ntimeout = \"3s\" # mine\nmax_retries = 1\n", "agent.timeout", "\"9s\""),
      "# a\n[agent]\ntimeout = \"9s\" # mine\nmax_retries = 1\n");
  CHECK_EQ(Set("agent = { max_retries = 1, timeout = '3s' }\n", "agent.timeout", "\"9s\""),
           "agent = { max_retries = 1, timeout = \"9s\" }\n");
  CHECK_EQ(Set("agent = { max_retries = 1}\n", "agent.max_retries", "2"),
           "agent = { max_retries = 2}\n");
  CHECK_EQ(Set("agent.timeout=\"3s\"\r\n", "agent.timeout", "\"9s\""), "agent.timeout=\"9s\"\r\n");
  CHECK_EQ(Set("[env]\npass = [ # two\n  \"A\", # ]\n  \"B]\",\n] # end\n", "env.pass", "[\"C\"]"),
           "[env]\npass = [\"C\"] # end\n");
  CHECK_EQ(Set("[verify]\ntest = \"\"\"\nmake \\\"x\\\" \"\"\"\nrepeat_flaky = 3\n", "verify.test",
               "\"a\""),
           "[verify]\ntest = \"a\"\nrepeat_flaky = 3\n");
  CHECK_EQ(Set("# äö\n\"agent\" . timeout = \"ä\"", "agent.timeout", "\"9s\""),
           "# äö\n\"agent\" . timeout = \"9s\"");
}

TEST_CASE("ANewKeyGoesToItsDefaultItsSectionOrTheEnd") {
  CHECK_EQ(Set("[agent]\n# how long\n#: timeout = \"30s\"\n\n[run]\n", "agent.timeout", "\"9s\""),
           "[agent]\n# how long\n#: timeout = \"30s\"\ntimeout = \"9s\"\n\n[run]\n");
  CHECK_EQ(Set("[ agent ]\nmax_retries = 1\n", "agent.timeout", "\"9s\""),
           "[ agent ]\ntimeout = \"9s\"\nmax_retries = 1\n");
  CHECK_EQ(Set("", "agent.timeout", "\"9s\""), "[agent]\ntimeout = \"9s\"\n");
  CHECK_EQ(Set("[run]\nagents = 1", "agent.timeout", "\"9s\""),
           "[run]\nagents = 1\n\n[agent]\ntimeout = \"9s\"\n");
  CHECK_EQ(Set("agent.max_retries = 1\n", "agent.timeout", "\"9s\""),
           "agent.timeout = \"9s\"\nagent.max_retries = 1\n");
}

TEST_CASE("AHeadingInsideATextIsNone") {
  const std::string text = "[verify]\ntest = \"\"\"\n[agent]\n\"\"\"\n";
  CHECK_EQ(Set(text, "agent.timeout", "\"9s\""), text + "\n[agent]\ntimeout = \"9s\"\n");
}

TEST_CASE("WhatCannotBeSetWithoutRewritingIsRefused") {
  CHECK(absl::IsFailedPrecondition(
      SetTomlValue("agent = { max_retries = 1 }\n", "agent.timeout", "\"9s\"").status()));
  CHECK(absl::IsInvalidArgument(SetTomlValue("[agent\n", "agent.timeout", "1").status()));
}

}  // namespace coditect
