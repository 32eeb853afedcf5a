// The channel's JSON against good and hostile lines.
#include "src/adapters/python/messages.h"

#include <doctest/doctest.h>

#include "src/base/strings.h"

namespace coditect::python {
namespace {

TEST_CASE("MessagesAreReadStrictly") {
  const auto end =
      ParseMessage(R"({"t":"end","id":"a.py::t","s":"failed","us":12,"message":"m","error":"E",)"
                   R"("stack":[["a.py",3,"t"]],"file":"a.py","line":2,"net":true})");
  REQUIRE(end.ok());
  const auto& test = std::get<TestCase>(*end);
  CHECK(test.id == "a.py::t");
  CHECK(test.status == TestStatus::kFailed);
  CHECK(test.stack.size() == 1);
  CHECK(test.network);
  const auto lines = ParseMessage(R"({"t":"lines","id":"x","files":[[0,"1-3,7"]]})");
  REQUIRE(lines.ok());
  CHECK(std::get<Lines>(*lines).files[0].second == std::vector<uint32_t>{1, 2, 3, 7});
  const auto judged = ParseMessage(R"({"t":"judged","r":[[7,3,2,1,true]],"cpu_ms":5})");
  REQUIRE(judged.ok());
  CHECK(std::get<Judged>(*judged).answers[0].verdict == CandidateVerdict::kSurvives);
}

TEST_CASE("WhatIsNotExactlyAMessageIsRefused") {
  for (const std::string& line : {
           std::string(""),
           std::string("[]"),
           std::string("{}"),
           std::string(R"({"t":"nonsense"})"),
           std::string(R"({"t":"end","id":"a"})"),
           std::string(R"({"t":"end","id":"a","s":"great","us":1,"message":"","error":"",)"
                       R"("stack":[],"file":"","line":1,"net":false})"),
           std::string(R"({"t":"start","id":5})"),
           std::string(R"({"t":"start","id":"\ud800"})"),
           std::string("{\"t\":\"start\",\"id\":\"\xff\"}"),
           std::string(R"({"t":"lines","id":"","files":[[0,"3-1"]]})"),
           std::string(R"({"t":"lines","id":"","files":[[0,"1,1"]]})"),
           std::string(R"({"t":"lines","id":"","files":[[0,"1-99999999999"]]})"),
           std::string(R"({"t":"lines","id":"","files":[[0,"1-9999999"]]})"),
           std::string(R"({"t":"lines","id":"","files":[[-1,"1"]]})"),
           std::string(R"({"t":"judged","r":[[7,9,2,1,true]],"cpu_ms":5})"),
           std::string(R"({"t":"collected","tests":[1]})"),
           std::string(R"({"t":"done","exit":-1,"normal":true})"),
           StrCat(R"({"t":"start","id":")", std::string(10'000, 'x'), "\"}"),
           std::string(100'000, '['),
           StrCat(R"({"t":"start","id":)", std::string(100'000, '['), std::string(100'000, ']'),
                  "}"),
       }) {
    CAPTURE(line.substr(0, 80));
    CHECK(!ParseMessage(line).ok());
  }
}

TEST_CASE("AnyBytesOfAnEditReachThePython") {
  Candidate candidate;
  candidate.number = 3;
  candidate.edits.push_back(
      {.file = "a.py", .start = 1, .end = 2, .replacement = "\"\\\n\xc3\xa9\xff"});
  CHECK(JudgeLine({&candidate, 1}) ==
        R"({"candidates":[[3,[["a.py",1,2,"\"\\\n\u00c3\u00a9\u00ff"]]]],"op":"judge"})");
}

TEST_CASE("ARunRequestSaysWhatIsAskedFor") {
  TestRunRequest request;
  request.plan.runner = "pytest";
  request.plan.test_files = {"test_a.py"};
  request.ids = {"test_a.py::t[\xff]"};
  CHECK(RunRequestLine(request).find("test_a.py\"]") == std::string::npos);
  request.trace = TraceMode::kPerTest;
  CHECK(RunRequestLine(request).find(R"("test_files":["test_a.py"],"trace":"test")") !=
        std::string::npos);
  request.trace = TraceMode::kWatched;
  request.watched = {{.file = "a.py", .lines = {1, 2}}};
  CHECK(RunRequestLine(request).find(R"("watch":{"a.py":[1,2]})") != std::string::npos);
  request.plan.runner = "command";
  request.plan.command = "make";
  CHECK(RunRequestLine(request).find(CommandTestId("make")) != std::string::npos);
}

}  // namespace
}  // namespace coditect::python
