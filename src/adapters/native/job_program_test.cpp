// What the program of many commands is told and answers.
#include "src/adapters/native/job_program.h"

#include <doctest/doctest.h>

namespace coditect::native {

TEST_CASE("JobsAreToldByLengthSoThatAnyTextFits") {
  const Job job = {.argv = {"sh", "-c", "a\nrun 0"},
                   .folder = "b",
                   .environment = {{"A", "x\ny"}},
                   .cpu = std::chrono::milliseconds(300),
                   .keep_bytes = 10,
                   .report = true};
  CHECK_EQ(
      JobInput({&job, 1}, true),
      "stop 1\n1\narg 2\nsh\narg 2\n-c\narg 7\na\nrun 0\nenv 5\nA=x\ny\nfolder 1\nb\ncpu 3\n300\n"
      "wall 1\n0\nkeep 2\n10\nreport 8\n16777216\nmeasured 1\n0\nrun 0\n\n");
}

TEST_CASE("OutcomesAreReadByLengthSoThatNoOutputCanForgeOne") {
  const auto outcomes = ReadOutcomes(
      "begin\nend e 1 20 10 27 2 1\nbegin\nend e 0 1 1 0 0 0\nabc{}6 3\n/a/b.cxyz"
      "begin\nend s 11 5 4 0 0 0\nbegin\n");
  REQUIRE_EQ(outcomes.size(), 3);
  CHECK_EQ(outcomes[0].end, JobEnd::kExit);
  CHECK_EQ(outcomes[0].code, 1);
  CHECK_EQ(outcomes[0].wall_us, 20);
  CHECK_EQ(outcomes[0].output, "begin\nend e 0 1 1 0 0 0\nabc");
  CHECK_EQ(outcomes[0].report, "{}");
  REQUIRE_EQ(outcomes[0].records.size(), 1);
  CHECK_EQ(outcomes[0].records[0].first, "/a/b.c");
  CHECK_EQ(outcomes[0].records[0].second, "xyz");
  CHECK_EQ(outcomes[1].end, JobEnd::kSignal);
  CHECK_EQ(outcomes[1].code, 11);
  CHECK_EQ(outcomes[2].end, JobEnd::kLaunch);
}

TEST_CASE("AnAnswerThatIsCutOffEndsWithTheJobThatRan") {
  const std::string whole = "begin\nend e 0 20 10 3 0 0\nabc";
  for (size_t cut = 0; cut < whole.size(); ++cut) {
    const auto outcomes = ReadOutcomes(whole.substr(0, cut));
    for (const JobOutcome& one : outcomes) CHECK_EQ(one.end, JobEnd::kLaunch);
  }
  CHECK(ReadOutcomes("hello\n").empty());
  CHECK_EQ(ReadOutcomes("begin\nend e 0 1 1 99999999999 0 0\n").at(0).end, JobEnd::kLaunch);
}

}  // namespace coditect::native
