// Status helpers: error constructors that take any string pieces, and the two statement macros.
#pragma once

#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

#include "src/base/strings.h"

namespace coditect {

using absl::Status;
using absl::StatusOr;

/// The caller can fix the input.
template <typename... Parts>
Status InvalidArgument(const Parts&... parts) {
  return absl::InvalidArgumentError(StrCat(parts...));
}
template <typename... Parts>
Status NotFound(const Parts&... parts) {
  return absl::NotFoundError(StrCat(parts...));
}
template <typename... Parts>
Status AlreadyExists(const Parts&... parts) {
  return absl::AlreadyExistsError(StrCat(parts...));
}
template <typename... Parts>
Status FailedPrecondition(const Parts&... parts) {
  return absl::FailedPreconditionError(StrCat(parts...));
}
template <typename... Parts>
Status PermissionDenied(const Parts&... parts) {
  return absl::PermissionDeniedError(StrCat(parts...));
}
/// A limit was reached: disk, memory, quota, budget.
template <typename... Parts>
Status ResourceExhausted(const Parts&... parts) {
  return absl::ResourceExhaustedError(StrCat(parts...));
}
/// Somebody else changed what was expected; read again and retry.
template <typename... Parts>
Status Aborted(const Parts&... parts) {
  return absl::AbortedError(StrCat(parts...));
}
/// The other side cannot answer now; retry later.
template <typename... Parts>
Status Unavailable(const Parts&... parts) {
  return absl::UnavailableError(StrCat(parts...));
}
template <typename... Parts>
Status DeadlineExceeded(const Parts&... parts) {
  return absl::DeadlineExceededError(StrCat(parts...));
}
template <typename... Parts>
Status Cancelled(const Parts&... parts) {
  return absl::CancelledError(StrCat(parts...));
}
template <typename... Parts>
Status Unimplemented(const Parts&... parts) {
  return absl::UnimplementedError(StrCat(parts...));
}
/// Stored data does not decode or does not match its hash.
template <typename... Parts>
Status DataLoss(const Parts&... parts) {
  return absl::DataLossError(StrCat(parts...));
}
/// Nobody but a developer can help.
template <typename... Parts>
Status Internal(const Parts&... parts) {
  return absl::InternalError(StrCat(parts...));
}

/// The status for `errno` after a failed system call. `what` names the call and the path.
template <typename... Parts>
Status ErrnoStatus(int error, const Parts&... what) {
  return absl::ErrnoToStatus(error, StrCat(what...));
}

/// The same error with `prefix: ` in front of its message.
inline Status Annotate(const Status& status, std::string_view prefix) {
  if (status.ok()) return status;
  return Status(status.code(), StrCat(prefix, ": ", std::string(status.message())));
}

inline std::string Message(const Status& status) { return std::string(status.message()); }

}  // namespace coditect

#define CODITECT_CONCAT_INNER(a, b) a##b
#define CODITECT_CONCAT(a, b) CODITECT_CONCAT_INNER(a, b)

#define RETURN_IF_ERROR(expr)                                                         \
  do {                                                                                \
    if (auto coditect_status = (expr); !coditect_status.ok()) return coditect_status; \
  } while (false)

#define ASSIGN_OR_RETURN(lhs, expr) \
  ASSIGN_OR_RETURN_INNER(CODITECT_CONCAT(coditect_or_, __LINE__), lhs, expr)
#define ASSIGN_OR_RETURN_INNER(tmp, lhs, expr) \
  auto tmp = (expr);                           \
  if (!tmp.ok()) return tmp.status();          \
  lhs = std::move(tmp).value()
