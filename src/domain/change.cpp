// Reading unified diffs.
#include "src/domain/change.h"

#include <algorithm>
#include <utility>

namespace coditect {
namespace {

bool StartsWith(std::string_view text, std::string_view prefix) {
  return text.substr(0, prefix.size()) == prefix;
}

// "@@ -<first>[,<count>] +<first>[,<count>] @@": one side.
struct Range {
  uint32_t first = 0;
  uint32_t count = 1;
};

bool ParseRange(std::string_view text, Range* range) {
  const size_t comma = text.find(',');
  long long first = 0;
  long long count = 1;
  constexpr long long kMax = INT32_MAX;
  if (!ParseInt(text.substr(0, comma), 0, kMax, &first)) return false;
  if (comma != std::string_view::npos && !ParseInt(text.substr(comma + 1), 0, kMax, &count)) {
    return false;
  }
  *range = {static_cast<uint32_t>(first), static_cast<uint32_t>(count)};
  return true;
}

// A C-quoted name as git writes it; false when the quoting is wrong.
bool Unquote(std::string_view text, std::string* name) {
  constexpr std::string_view kLetters = "abtnvfr\"\\";
  constexpr std::string_view kMeanings = "\a\b\t\n\v\f\r\"\\";
  if (text.size() < 2 || text.back() != '"') return false;
  text = text.substr(1, text.size() - 2);
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '"') return false;
    if (text[i] != '\\') {
      *name += text[i];
      continue;
    }
    if (++i == text.size()) return false;
    if (const size_t letter = kLetters.find(text[i]); letter != std::string_view::npos) {
      *name += kMeanings[letter];
      continue;
    }
    int value = 0;
    for (size_t digit = 0; digit < 3; ++digit, ++i) {
      if (i >= text.size() || text[i] < '0' || text[i] > '7') return false;
      value = value * 8 + (text[i] - '0');
    }
    if (value > 255) return false;
    *name += static_cast<char>(value);
    --i;
  }
  return true;
}

class DiffParser {
 public:
  explicit DiffParser(std::string_view diff) : rest_(diff) {}

  StatusOr<std::vector<Hunk>> Parse() {
    std::string_view line;
    while (NextLine(&line)) {
      if (StartsWith(line, "diff ")) {
        file_.clear();
        named_ = false;
      } else if (StartsWith(line, "--- ")) {
        RETURN_IF_ERROR(ParseNames(line));
      } else if (StartsWith(line, "@@ ")) {
        RETURN_IF_ERROR(ParseHunk(line));
      }
    }
    return std::move(hunks_);
  }

 private:
  bool NextLine(std::string_view* line) {
    if (rest_.empty()) return false;
    const size_t end = rest_.find('\n');
    *line = rest_.substr(0, end);
    rest_.remove_prefix(end == std::string_view::npos ? rest_.size() : end + 1);
    ++number_;
    return true;
  }

  Status Malformed(std::string_view what) const {
    return InvalidArgument("diff line ", number_, ": ", what);
  }

  Status ParseNames(std::string_view old_line);
  Status ParseName(std::string_view text, std::string_view prefix, std::string* name) const;
  Status ParseHunk(std::string_view header);

  std::string_view rest_;
  size_t number_ = 0;
  std::string file_;
  bool named_ = false;    // a "+++" line was seen for this file
  bool deleted_ = false;  // and it was /dev/null
  std::vector<Hunk> hunks_;
};

// `name` becomes "" for /dev/null.
Status DiffParser::ParseName(std::string_view text, std::string_view prefix,
                             std::string* name) const {
  name->clear();
  std::string plain;
  if (StartsWith(text, "\"")) {
    if (!Unquote(text, &plain)) return Malformed("a quoted file name is malformed");
  } else {
    // A tab ends a name that contains a blank.
    plain = text.substr(0, text.find('\t'));
  }
  if (plain == "/dev/null") return absl::OkStatus();
  if (!StartsWith(plain, prefix) || plain.size() == prefix.size()) {
    return Malformed(StrCat("a file name does not start with ", prefix));
  }
  *name = plain.substr(prefix.size());
  return absl::OkStatus();
}

Status DiffParser::ParseNames(std::string_view old_line) {
  std::string old_name;
  RETURN_IF_ERROR(ParseName(old_line.substr(4), "a/", &old_name));
  std::string_view line;
  if (!NextLine(&line) || !StartsWith(line, "+++ ")) return Malformed("a '+++' line is missing");
  RETURN_IF_ERROR(ParseName(line.substr(4), "b/", &file_));
  deleted_ = file_.empty();
  if (deleted_) file_ = old_name;
  if (file_.empty()) return Malformed("neither side names a file");
  if (deleted_) hunks_.push_back({.file = file_});
  named_ = true;
  return absl::OkStatus();
}

Status DiffParser::ParseHunk(std::string_view header) {
  if (!named_) return Malformed("a hunk stands before its file's name");
  const size_t end = header.find(" @@", 3);
  const std::string_view ranges = header.substr(3, end == std::string_view::npos ? 0 : end - 3);
  const size_t blank = ranges.find(' ');
  Range before;
  Range after;
  if (blank == std::string_view::npos || !StartsWith(ranges, "-") ||
      !ParseRange(ranges.substr(1, blank - 1), &before) || ranges.substr(blank, 2) != " +" ||
      !ParseRange(ranges.substr(blank + 2), &after)) {
    return Malformed("a hunk's header is malformed");
  }
  // The number of the next new line; a side without lines is given as the line before it.
  uint32_t next = after.count == 0 ? after.first + 1 : after.first;
  bool in_run = false;
  std::string_view line;
  while (before.count > 0 || after.count > 0) {
    if (!NextLine(&line)) return Malformed("a hunk ends too early");
    const char mark = line.empty() ? ' ' : line.front();
    if (mark == '\\') continue;
    const bool old_side = mark == ' ' || mark == '-';
    const bool new_side = mark == ' ' || mark == '+';
    if ((!old_side && !new_side) || (old_side && before.count == 0) ||
        (new_side && after.count == 0)) {
      return Malformed("a hunk's lines do not match its header");
    }
    before.count -= old_side ? 1 : 0;
    after.count -= new_side ? 1 : 0;
    if (mark != ' ' && !in_run && !deleted_) hunks_.push_back({.file = file_, .first = next - 1});
    in_run = mark != ' ';
    if (mark == '+' && !deleted_) {
      Hunk& hunk = hunks_.back();
      if (hunk.count++ == 0) hunk.first = next;
    }
    next += new_side ? 1 : 0;
  }
  return absl::OkStatus();
}

}  // namespace

StatusOr<std::vector<Hunk>> ParseUnifiedDiff(std::string_view diff) {
  return DiffParser(diff).Parse();
}

StatusOr<std::string> ApplyEdits(const std::string& text, std::vector<SourceEdit> edits) {
  std::sort(edits.begin(), edits.end(),
            [](const SourceEdit& a, const SourceEdit& b) { return a.start < b.start; });
  std::string out;
  size_t at = 0;
  for (const SourceEdit& edit : edits) {
    if (edit.start < at || edit.end < edit.start || edit.end > text.size()) {
      return InvalidArgument("edit of bytes ", edit.start, " to ", edit.end, " of ", edit.file,
                             " does not fit");
    }
    out += text.substr(at, edit.start - at) + edit.replacement;
    at = edit.end;
  }
  return out + text.substr(at);
}

}  // namespace coditect
