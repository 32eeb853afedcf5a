// Setting one key in the text of a TOML file.
#include "src/app/config/edit.h"

#include <map>
#include <optional>
#include <vector>

#include "src/app/config/toml_reader.h"

#include "src/base/strings.h"

namespace coditect {
namespace {

/// The byte at which the place's line and column (characters) begin.
size_t OffsetOf(std::string_view text, const TomlPlace& place) {
  size_t at = 0;
  for (int line = 1; line < place.line && at != std::string_view::npos; ++line) {
    at = text.find('\n', at) + 1;
  }
  for (int column = 1; column < place.column && at < text.size(); ++column) {
    do {
      ++at;
    } while (at < text.size() && (static_cast<unsigned char>(text[at]) & 0xc0) == 0x80);
  }
  return at;
}

/// The end of the string that begins at `at`.
size_t EndOfString(std::string_view text, size_t at) {
  const char quote = text[at];
  const std::string_view three = text.substr(at, 3);
  const bool multiline = three.size() == 3 && three[1] == quote && three[2] == quote;
  const size_t width = multiline ? 3 : 1;
  for (at += width; at < text.size(); ++at) {
    if (text[at] == '\\' && quote == '"') {
      ++at;
    } else if (text.substr(at, width) == std::string(width, quote)) {
      at += width;
      // A multi-line string may end with two quotes of its own.
      while (multiline && at < text.size() && text[at] == quote) ++at;
      return at;
    }
  }
  return at;
}

/// The end of the value that begins at `at` in a valid text.
size_t EndOfValue(std::string_view text, size_t at) {
  int depth = 0;
  for (; at < text.size(); ++at) {
    const char c = text[at];
    if (c == '"' || c == '\'') {
      at = EndOfString(text, at) - 1;
      if (depth == 0) return at + 1;
    } else if (c == '[' || c == '{') {
      ++depth;
    } else if (c == ']' || c == '}') {
      if (depth == 0) return at;  // of the table or list around it
      if (--depth == 0) return at + 1;
    } else if (c == '#' && depth > 0) {
      at = text.find('\n', at);
    } else if (depth == 0 &&
               (c == ',' || c == '#' || c == '\n' || c == '\r' || c == ' ' || c == '\t')) {
      return at;
    }
  }
  return at;
}

std::string DescribeToml(const TomlEntry& entry) {
  if (entry.section) return "section";
  struct Visitor {
    std::string operator()(bool value) const { return StrCat("b", value); }
    std::string operator()(int64_t value) const { return StrCat("i", value); }
    std::string operator()(const std::string& value) const { return "t" + value; }
    std::string operator()(const std::vector<std::string>& value) const {
      std::string out = "l";
      for (const std::string& item : value) StrAppend(out, item.size(), ":", item);
      return out;
    }
    std::string operator()(const TomlOther& value) const { return StrCat("o", value.what); }
  };
  return std::visit(Visitor{}, entry.value);
}

/// Every setting but `name`, and whether that is there. Empty sections say nothing.
StatusOr<std::pair<std::map<std::string, std::string>, bool>> Others(const std::string& text,
                                                                     std::string_view name) {
  ASSIGN_OR_RETURN(const std::vector<TomlEntry> entries, ReadToml(text));
  std::pair<std::map<std::string, std::string>, bool> out;
  for (const TomlEntry& entry : entries) {
    if (entry.name == name && !entry.section) {
      out.second = true;
    } else if (!entry.section) {
      out.first[entry.name] = DescribeToml(entry);
    }
  }
  return out;
}

/// Where a line can be added: the beginnings of lines, the best first.
std::vector<size_t> PlacesInSection(const std::string& text, std::string_view section,
                                    std::string_view leaf) {
  std::optional<size_t> after_heading;
  std::optional<size_t> after_default;
  bool inside = section.empty();
  for (size_t at = 0; at < text.size();) {
    const size_t end = std::min(text.find('\n', at), text.size());
    const std::string line(TrimWhitespace(std::string_view(text).substr(at, end - at)));
    if (line.starts_with("[")) {
      const size_t close = line.find(']');
      inside = close != std::string::npos &&
               TrimWhitespace(std::string_view(line).substr(1, close - 1)) == section;
      if (inside && end < text.size()) after_heading = end + 1;
    } else if (inside && line.starts_with(StrCat("#: ", leaf, " =")) && end < text.size()) {
      after_default = end + 1;
    }
    at = end + 1;
  }
  std::vector<size_t> places;
  if (after_default) places.push_back(*after_default);
  if (after_heading) places.push_back(*after_heading);
  return places;
}

}  // namespace

StatusOr<std::string> SetTomlValue(const std::string& text, std::string_view name,
                                   std::string_view toml_value) {
  ASSIGN_OR_RETURN(const std::vector<TomlEntry> entries, ReadToml(text));
  std::vector<std::string> candidates;
  for (const TomlEntry& entry : entries) {
    if (entry.name != name || entry.section) continue;
    const size_t begin = OffsetOf(text, entry.value_at);
    std::string edited = text;
    edited.replace(begin, EndOfValue(text, begin) - begin, toml_value);
    candidates.push_back(std::move(edited));
  }
  if (candidates.empty()) {
    const size_t dot = name.rfind('.');
    const std::string_view section = dot == std::string_view::npos ? "" : name.substr(0, dot);
    const std::string_view leaf = dot == std::string_view::npos ? name : name.substr(dot + 1);
    const std::string line = StrCat(leaf, " = ", toml_value, "\n");
    for (const size_t at : PlacesInSection(text, section, leaf)) {
      candidates.push_back(std::string(text).insert(at, line));
    }
    const char* line_end = text.empty() || text.ends_with('\n') ? "" : "\n";
    const char* gap = text.empty() ? "" : "\n";
    candidates.push_back(StrCat(text, line_end, gap, "[", section, "]\n", line));
    candidates.push_back(StrCat(name, " = ", toml_value, "\n", text));
  }
  ASSIGN_OR_RETURN(const auto before, Others(text, name));
  for (std::string& candidate : candidates) {
    const auto after = Others(candidate, name);
    if (after.ok() && after->second && after->first == before.first) return std::move(candidate);
  }
  return FailedPrecondition("there is no line where ", name,
                            " could be set without rewriting others; set it with an editor");
}

}  // namespace coditect
