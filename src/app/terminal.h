// The person's terminal: what may be written to it, and the one line at its bottom.
#pragma once

#include <string>
#include <string_view>

namespace coditect {

enum class ProgressMode { kTty, kPlain, kJsonLines, kNone };

/// `choice`: auto, tty, plain, jsonl or none. auto = tty when stderr is a terminal that can move
/// its cursor, else plain.
ProgressMode ChooseProgressMode(const std::string& choice);

bool ColorWanted();  // NO_COLOR, CLICOLOR_FORCE, a terminal

/// Lines on stderr with an optional bar below them that is redrawn in place. Every text is escaped.
/// One owner thread.
class StatusArea {
 public:
  explicit StatusArea(ProgressMode mode);
  ~StatusArea() { Clear(); }

  /// "  Verify  12 of 12 tests passed": a verb, then what. kJsonLines: an object with both.
  void Line(const std::string& verb, const std::string& text);
  /// One line of kJsonLines: the JSON object `object` with "type" put first.
  void Object(std::string_view type, std::string_view object);
  /// Replaces the bar (only kTty).
  void Bar(const std::string& text);
  void Clear();

  ProgressMode mode() const { return mode_; }

 private:
  const ProgressMode mode_;
  const bool color_;
  bool bar_shown_ = false;
};

}  // namespace coditect
