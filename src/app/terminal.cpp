// The person's terminal.
#include "src/app/terminal.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "src/base/strings.h"
#include "src/wire/json.h"

namespace coditect {
namespace {

constexpr size_t kVerbWidth = 9;

size_t TerminalColumns() {
  winsize size{};
  if (::ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 20) return size.ws_col;
  return 80;
}

void Write(const std::string& text) { (void)!::write(STDERR_FILENO, text.data(), text.size()); }

}  // namespace

ProgressMode ChooseProgressMode(const std::string& choice) {
  if (choice == "tty") return ProgressMode::kTty;
  if (choice == "plain") return ProgressMode::kPlain;
  if (choice == "jsonl") return ProgressMode::kJsonLines;
  if (choice == "none") return ProgressMode::kNone;
  const char* term = ::getenv("TERM");
  const bool dumb = term == nullptr || ::strcmp(term, "dumb") == 0;
  return ::isatty(STDERR_FILENO) == 1 && !dumb && ::getenv("CI") == nullptr ? ProgressMode::kTty
                                                                            : ProgressMode::kPlain;
}

bool ColorWanted() {
  const char* no_color = ::getenv("NO_COLOR");
  if (no_color != nullptr && *no_color != '\0') return false;
  const char* force = ::getenv("CLICOLOR_FORCE");
  if (force != nullptr && ::strcmp(force, "0") != 0) return true;
  return ::isatty(STDERR_FILENO) == 1;
}

StatusArea::StatusArea(ProgressMode mode) : mode_(mode), color_(ColorWanted()) {}

void StatusArea::Line(const std::string& verb, const std::string& text) {
  if (mode_ == ProgressMode::kNone) return;
  if (mode_ == ProgressMode::kJsonLines) {
    std::string object = "{";
    wire::JsonFields fields(object);
    fields.Field("verb", verb);
    fields.Field("text", text);
    Object("status", object + "}");
    return;
  }
  Clear();
  std::string line(verb.size() < kVerbWidth ? kVerbWidth - verb.size() : 0, ' ');
  line += color_ ? "\x1b[1;32m" + verb + "\x1b[0m" : verb;
  Write(line + " " + EscapeForTerminal(text) + "\n");
}

void StatusArea::Object(std::string_view type, std::string_view object) {
  Write(StrCat("{\"type\":\"", type, "\",", object.substr(1), "\n"));
}

void StatusArea::Bar(const std::string& text) {
  if (mode_ != ProgressMode::kTty) return;
  std::string shown = EscapeForTerminal(text);
  // Cut between characters, not inside one.
  size_t columns = TerminalColumns() - 1;
  size_t end = 0;
  for (size_t i = 0; i < shown.size(); ++i) {
    if ((static_cast<unsigned char>(shown[i]) & 0xC0) != 0x80 && columns-- == 0) break;
    end = i + 1;
  }
  shown.resize(end);
  Write("\r\x1b[2K" + shown);
  bar_shown_ = true;
}

void StatusArea::Clear() {
  if (!bar_shown_) return;
  Write("\r\x1b[2K");
  bar_shown_ = false;
}

}  // namespace coditect
