// Writing to the person.
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <unistd.h>

#include "src/app/commands/commands.h"
#include "src/app/exit_code.h"

namespace coditect {
namespace {

/// 0, or the errno of what stopped it.
int WriteTo(int fd, std::string_view text) {
  while (!text.empty()) {
    const ssize_t count = ::write(fd, text.data(), text.size());
    if (count < 0 && errno == EINTR) continue;
    if (count < 0 && errno == EAGAIN) {  // somebody made the pipe non-blocking
      pollfd polled{fd, POLLOUT, 0};
      (void)::poll(&polled, 1, -1);
      continue;
    }
    if (count < 0) return errno;
    text.remove_prefix(static_cast<size_t>(count));
  }
  return 0;
}

/// The advice that goes with a kind of error wherever it comes from.
std::string NextStep(const Status& status) {
  return absl::IsResourceExhausted(status)
             ? "; free some space, or set CODITECT_STATE_DIR to a folder on another disk"
             : "";
}

}  // namespace

int Answer(const std::string& text, int code) {
  const int error = WriteTo(STDOUT_FILENO, text);
  if (error == 0 || error == EPIPE) return code;
  PrintErr(StrCat("coditect: cannot write the result: ", ::strerror(error), "\n"));
  return kExitError;
}

void CloseAnswer() {
  const int nowhere = ::open("/dev/null", O_WRONLY | O_CLOEXEC);
  if (nowhere < 0) return;
  (void)::dup2(nowhere, STDOUT_FILENO);
  ::close(nowhere);
}

void PrintErr(const std::string& text) { (void)WriteTo(STDERR_FILENO, text); }

int Fail(const Status& status) {
  PrintErr("coditect: " +
           EscapeForTerminal(Message(status) + NextStep(status), /*keep_newlines=*/true) + "\n");
  return ExitCodeOf(status);
}

void OpenStandardStreams() {
  for (const int fd : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO}) {
    if (::fcntl(fd, F_GETFD) >= 0) continue;
    if (::open("/dev/null", O_RDWR) != fd) ::_exit(kExitError);  // the lowest free one is fd
  }
}

}  // namespace coditect
