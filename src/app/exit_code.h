// Exit codes of the program (design.md section 3, detail 13; research/ux.md section 5).
#pragma once

#include <string_view>

#include "src/base/status.h"
#include "src/domain/mission.h"

namespace coditect {

enum ExitCode {
  kExitVerified = 0,
  kExitError = 1,
  kExitUsage = 2,
  kExitNotVerified = 3,
  kExitNeedsApproval = 5,
  kExitLimit = 6,
  kExitNeedsModel = 8,
  kExitDenied = 9,
  kExitWaitedTooLong = 124,  // `wait --max-time` ran out; as timeout(1)
  kExitInterrupted = 130,
  kExitTerminated = 143,
};

struct ExitCodeHelp {
  ExitCode code;
  std::string_view help;
};
inline constexpr ExitCodeHelp kExitCodes[] = {
    {kExitVerified, "Done and verified, nothing to do, or (plan) planned."},
    {kExitError, "An error."},
    {kExitUsage, "A wrong command line or configuration."},
    {kExitNotVerified, "Ended, and the goal is not verified."},
    {kExitNeedsApproval, "Waits for a person's approval: `coditect inbox`."},
    {kExitLimit, "A limit was reached; the run can be resumed."},
    {kExitNeedsModel, "The goal needs a model."},
    {kExitDenied, "Denied."},
    {kExitWaitedTooLong, "wait: the time given ran out."},
    {kExitInterrupted, "Interrupted (Ctrl-C) or stopped."},
    {kExitTerminated, "Terminated."},
};

constexpr int ExitCodeOf(Outcome outcome) {
  switch (outcome) {
    case Outcome::kVerified:
    case Outcome::kNothingToDo:
    case Outcome::kPlanned:
      return kExitVerified;
    case Outcome::kNotVerified:
      return kExitNotVerified;
    case Outcome::kNeedsApproval:
      return kExitNeedsApproval;
    case Outcome::kNeedsModel:
      return kExitNeedsModel;
    case Outcome::kLimit:
      return kExitLimit;
    case Outcome::kStopped:
      return kExitInterrupted;
    default:
      return kExitError;
  }
}

/// Of a command that could not do its work.
inline int ExitCodeOf(const Status& status) {
  switch (status.code()) {
    case absl::StatusCode::kOk:
      return kExitVerified;
    case absl::StatusCode::kInvalidArgument:
    case absl::StatusCode::kUnimplemented:  // a setting of a later version
      return kExitUsage;
    case absl::StatusCode::kPermissionDenied:
      return kExitDenied;
    default:
      return kExitError;
  }
}

}  // namespace coditect
