// JUnit XML.
#include "src/wire/junit.h"

#include <algorithm>
#include <map>

#include "src/base/strings.h"

namespace coditect::wire {
namespace {

constexpr size_t kDepthMax = 64;

/// The UTF-8 of a character; "" for what XML does not allow.
std::string Utf8(unsigned long code) {
  std::string out;
  if (code == 0 || code > 0x10ffff || (code >= 0xd800 && code < 0xe000)) return out;
  if (code < 0x80) return std::string(1, static_cast<char>(code));
  const int more = code < 0x800 ? 1 : code < 0x10000 ? 2 : 3;
  constexpr unsigned kLead[] = {0, 0xc0, 0xe0, 0xf0};
  out += static_cast<char>(kLead[more] | code >> (6 * more));
  for (int i = more - 1; i >= 0; --i) out += static_cast<char>(0x80 | ((code >> (6 * i)) & 0x3f));
  return out;
}

/// A value with its references replaced; those that are unknown stay as they are.
std::string Unescape(std::string_view text) {
  static constexpr std::pair<std::string_view, std::string_view> kNamed[] = {
      {"lt", "<"}, {"gt", ">"}, {"amp", "&"}, {"quot", "\""}, {"apos", "'"}};
  std::string out;
  for (size_t i = 0; i < text.size(); ++i) {
    const size_t end = text[i] == '&' ? text.find(';', i) : std::string_view::npos;
    constexpr size_t kReferenceBytesMax = 10;
    if (end == std::string_view::npos || end - i > kReferenceBytesMax) {
      out += text[i];
      continue;
    }
    const std::string name(text.substr(i + 1, end - i - 1));
    std::string character;
    for (const auto& [known, value] : kNamed) {
      if (name == known) character = value;
    }
    if (name.size() > 1 && name[0] == '#') {
      const bool hexadecimal = name[1] == 'x';
      character =
          Utf8(std::strtoul(name.c_str() + (hexadecimal ? 2 : 1), nullptr, hexadecimal ? 16 : 10));
    }
    if (character.empty()) character = text.substr(i, end - i + 1);
    out += character;
    i = end;
  }
  return out;
}

bool IsSpace(char c) { return c == ' ' || c == '\t' || c == '\r' || c == '\n'; }

class JunitReader {
 public:
  explicit JunitReader(std::string_view xml) : xml_(xml) {}

  StatusOr<std::vector<JunitCase>> Read() {
    if (xml_.starts_with("\xef\xbb\xbf")) at_ = 3;
    while (at_ < xml_.size()) {
      const size_t open = xml_.find('<', at_);
      if (open == std::string_view::npos) break;
      if (depth_ == 0 && !TrimWhitespace(xml_.substr(at_, open - at_)).empty())
        return Wrong("text");
      at_ = open;
      RETURN_IF_ERROR(ReadMarkup());
    }
    if (!seen_root_) return InvalidArgument("line 1: there is no element; this is no JUnit XML");
    if (depth_ != 0) return Wrong("the end, with elements still open");
    return std::move(cases_);
  }

 private:
  Status Wrong(std::string_view what) const {
    const auto line = 1 + std::count(xml_.begin(), xml_.begin() + std::min(at_, xml_.size()), '\n');
    return InvalidArgument("line ", line, ": unexpected ", what, "; this is no JUnit XML");
  }

  /// Past `end`, which must come.
  Status Skip(std::string_view end) {
    const size_t found = xml_.find(end, at_);
    if (found == std::string_view::npos) return Wrong("end");
    at_ = found + end.size();
    return absl::OkStatus();
  }

  Status ReadMarkup() {
    const std::string_view rest = xml_.substr(at_);
    if (rest.starts_with("<?")) return Skip("?>");
    if (rest.starts_with("<!--")) return Skip("-->");
    if (rest.starts_with("<![CDATA[") && depth_ > 0) return Skip("]]>");
    if (rest.starts_with("<!")) return Wrong("document type");
    if (rest.starts_with("</")) {
      if (depth_ == 0) return Wrong("end of an element");
      RETURN_IF_ERROR(Skip(">"));
      if (--depth_ < case_depth_) case_depth_ = 0;
      return absl::OkStatus();
    }
    return ReadElement();
  }

  std::string_view Name() {
    const size_t begin = at_;
    while (at_ < xml_.size() && !IsSpace(xml_[at_]) && xml_[at_] != '=' && xml_[at_] != '>' &&
           xml_[at_] != '/' && xml_[at_] != '<') {
      ++at_;
    }
    return xml_.substr(begin, at_ - begin);
  }

  void SkipSpace() {
    while (at_ < xml_.size() && IsSpace(xml_[at_])) ++at_;
  }

  Status ReadElement() {
    ++at_;
    const std::string_view name = Name();
    if (name.empty()) return Wrong("<");
    std::map<std::string_view, std::string_view> attributes;
    for (;;) {
      SkipSpace();
      if (at_ >= xml_.size()) return Wrong("end");
      if (xml_[at_] == '>' || xml_.substr(at_).starts_with("/>")) break;
      const std::string_view attribute = Name();
      SkipSpace();
      if (attribute.empty() || at_ >= xml_.size() || xml_[at_] != '=') return Wrong("attribute");
      ++at_;
      SkipSpace();
      const char quote = at_ < xml_.size() ? xml_[at_] : '\0';
      if (quote != '"' && quote != '\'') return Wrong("attribute");
      const size_t begin = ++at_;
      RETURN_IF_ERROR(Skip(std::string_view(&quote, 1)));
      attributes[attribute] = xml_.substr(begin, at_ - begin - 1);
    }
    const bool empty = xml_[at_] == '/';
    at_ += empty ? 2 : 1;
    return Begin(name, attributes, empty);
  }

  Status Begin(std::string_view name,
               const std::map<std::string_view, std::string_view>& attributes, bool empty) {
    const bool root = depth_ == 0;
    if (root && (seen_root_ || (name != "testsuites" && name != "testsuite"))) return Wrong(name);
    seen_root_ = true;
    if (depth_ >= kDepthMax) return Wrong("depth");
    if (name == "testcase" && case_depth_ == 0) {
      if (cases_.size() >= kJunitCasesMax) {
        return ResourceExhausted("more than ", kJunitCasesMax, " test cases");
      }
      const auto value = [&](const char* key) {
        const auto found = attributes.find(key);
        return found == attributes.end() ? std::string() : Unescape(found->second);
      };
      cases_.push_back(
          {.class_name = value("classname"), .name = value("name"), .file = value("file")});
      if (!empty) case_depth_ = depth_ + 1;
    } else if (case_depth_ > 0 && depth_ == case_depth_ && (name == "failure" || name == "error")) {
      cases_.back().failed = true;
    }
    if (!empty) ++depth_;
    return absl::OkStatus();
  }

  const std::string_view xml_;
  size_t at_ = 0;
  size_t depth_ = 0;
  size_t case_depth_ = 0;  // depth inside the open test case; 0 = none is open
  bool seen_root_ = false;
  std::vector<JunitCase> cases_;
};

}  // namespace

StatusOr<std::vector<JunitCase>> ReadJunit(std::string_view xml) { return JunitReader(xml).Read(); }

std::vector<std::string> JunitIds(const JunitCase& test) {
  std::vector<std::string> ids;
  const std::vector<std::string> parts = Split(test.class_name, '.');
  // The first words of the class name are the file's path, the rest classes in it.
  for (size_t words = test.class_name.empty() ? 0 : parts.size(); words > 0; --words) {
    const std::vector<std::string> path(parts.begin(), parts.begin() + words);
    std::string id = Join(path, "/") + ".py";
    for (size_t i = words; i < parts.size(); ++i) id += "::" + parts[i];
    ids.push_back(StrCat(id, "::", test.name));
  }
  if (!test.file.empty()) ids.push_back(StrCat(test.file, "::", test.name));
  if (!test.class_name.empty()) ids.push_back(StrCat(test.class_name, ".", test.name));
  // A file that could not be collected is a test case without a class whose name is its module.
  if (test.class_name.empty()) {
    std::string file = test.name;
    std::replace(file.begin(), file.end(), '.', '/');
    ids.push_back(file + ".py");
  }
  ids.push_back(test.name);
  return ids;
}

}  // namespace coditect::wire
