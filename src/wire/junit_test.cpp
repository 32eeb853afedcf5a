// JUnit reports of several runners, and texts that are none.
#include "src/wire/junit.h"

#include <doctest/doctest.h>

#include "src/base/strings.h"

namespace coditect::wire {
namespace {

std::vector<JunitCase> Read(std::string_view xml) {
  auto cases = ReadJunit(xml);
  REQUIRE_MESSAGE(cases.ok(), Message(cases.status()));
  return *std::move(cases);
}

}  // namespace

TEST_CASE("FailuresAndErrorsFailTheirTestCaseOnly") {
  const auto cases = Read(
      "<?xml version=\"1.0\" encoding=\"utf-8\"?><!-- x --><testsuites><testsuite name='p'>"
      "<properties><property name=\"a\" value=\"<failure\"/></properties>\n"
      "<testcase classname=\"tests.test_a\" name=\"one\" time=\"0.1\" />"
      "<testcase classname='tests.test_a.T' name='two[&lt;&#65;&#x20ac;&amp;&bogus;]'>"
      "<failure message=\"a &gt; b\">if a &lt; b: <![CDATA[</testcase><failure>]]></failure>"
      "</testcase>"
      "<testcase name='three'><error/></testcase>"
      "<testcase name='four'><skipped/><system-out><failure/></system-out></testcase>"
      "<system-err><failure/></system-err></testsuite></testsuites>\n");
  REQUIRE(cases.size() == 4);
  CHECK(cases[0] == JunitCase{"tests.test_a", "one", "", false});
  CHECK(cases[1] == JunitCase{"tests.test_a.T", "two[<A\xe2\x82\xac&&bogus;]", "", true});
  CHECK(cases[2] == JunitCase{"", "three", "", true});
  CHECK(cases[3] == JunitCase{"", "four", "", false});
}

TEST_CASE("WhatIsNoReportIsRefusedWithItsLine") {
  for (const char* xml :
       {"", "text", "<html></html>", "<testsuite>", "</testsuite>", "<testsuite", "<testsuite a>",
        "<testsuite a=b>", "<testsuite a='", "<testsuite/><testsuite/>", "<testsuite><",
        "<testsuite><a=/>", "<!DOCTYPE x [<!ENTITY a 'b'>]><testsuite/>",
        "<testsuite><!ENTITY a 'b'></testsuite>", "<testsuite><![CDATA[</testsuite>",
        "x<testsuite/>", "<![CDATA[]]><testsuite/>"}) {
    CAPTURE(xml);
    CHECK(absl::IsInvalidArgument(ReadJunit(xml).status()));
  }
  CHECK(Contains(Message(ReadJunit("<testsuite>\n\n<!X>").status()), "line 3: "));
  std::string deep;
  for (int i = 0; i < 100'000; ++i) deep += "<testsuite>";
  CHECK(absl::IsInvalidArgument(ReadJunit(deep).status()));
}

TEST_CASE("IdsAreThoseOfOurRunners") {
  const auto ids = JunitIds({.class_name = "tests.test_a.TestB", .name = "test_c[1.5]"});
  REQUIRE(ids.size() == 5);
  CHECK(ids[0] == "tests/test_a/TestB.py::test_c[1.5]");
  CHECK(ids[1] == "tests/test_a.py::TestB::test_c[1.5]");
  CHECK(ids[3] == "tests.test_a.TestB.test_c[1.5]");
  CHECK(ids[4] == "test_c[1.5]");
  CHECK(JunitIds({.class_name = "", .name = "tests.test_a"})[0] == "tests/test_a.py");
}

}  // namespace coditect::wire
