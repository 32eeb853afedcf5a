// The program that runs tests of one build under each alternative, inside the sandbox.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "src/adapters/native/job_program.h"
#include "src/adapters/native/shell.h"

namespace coditect::native {

/// One alternative's verdict.
struct AlternativeVerdict {
  uint32_t number = 0;
  uint32_t passed = 0;  // tests before the first that failed
  bool out_of_time = false;
};

struct JudgeRequest {
  std::vector<Job> tests;  // in this order, up to the first that does not end with 0; their limits
                           // are not used
  std::vector<uint32_t> numbers;
  std::chrono::milliseconds test_cpu{0};
  std::chrono::milliseconds test_wall{0};
};

/// Compiles the program once per workspace. FAILED_PRECONDITION when it does not compile.
Status MakeJudge(const Context& ctx, Shell& shell);

/// Runs the tests under each number in turn. Fewer verdicts than numbers when the launch was ended
/// before the last: the first without one was running then.
StatusOr<std::vector<AlternativeVerdict>> RunJudge(const Context& ctx, Shell& shell,
                                                   const JudgeRequest& request);

/// The program, in C. A run under a number ends when its test did, whatever it left running; a test
/// that uses more CPU time than the limit is ended by a timer or, if it minds none, by the system
/// within two seconds more, one that only waits by the wall clock.
std::string JudgeSource();

/// The request as the program reads it; nothing when a test cannot be told in lines.
std::optional<std::string> JudgeInput(const JudgeRequest& request);

}  // namespace coditect::native
