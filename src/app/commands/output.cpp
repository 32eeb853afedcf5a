// Writing to the person.
#include <errno.h>
#include <unistd.h>

#include "src/app/commands/commands.h"
#include "src/app/exit_code.h"

namespace coditect {
namespace {

void WriteTo(int fd, std::string_view text) {
  while (!text.empty()) {
    const ssize_t count = ::write(fd, text.data(), text.size());
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) return;
    text.remove_prefix(static_cast<size_t>(count));
  }
}

}  // namespace

void PrintOut(const std::string& text) { WriteTo(STDOUT_FILENO, text); }
void PrintErr(const std::string& text) { WriteTo(STDERR_FILENO, text); }

int Fail(const Status& status) {
  PrintErr("coditect: " + EscapeForTerminal(Message(status), /*keep_newlines=*/true) + "\n");
  return ExitCodeOf(status);
}

}  // namespace coditect
