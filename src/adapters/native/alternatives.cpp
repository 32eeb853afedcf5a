// Writing bodies that choose, and reading what a compiler says about them.
#include "src/adapters/native/alternatives.h"

#include <algorithm>
#include <cctype>

#include "src/base/strings.h"

namespace coditect::native {
namespace {

// C89 and C++98, without a header: nothing that comes later can clash with it. Optimizing a
// function of a thousand bodies would take longer than running it ever does.
constexpr const char* kChooser = R"(#ifdef __clang__
#pragma clang optimize off
#else
#pragma GCC optimize ("O0")
#endif
#ifndef CODITECT_ALTERNATIVE
#define CODITECT_ALTERNATIVE coditect_alternative()
#ifdef __cplusplus
extern "C" char **environ;
#else
extern char **environ;
#endif
static __attribute__((unused)) int coditect_alternative(void) {
  static int chosen = -1;
  char **entry;
  if (chosen >= 0) return chosen;
  chosen = 0;
  for (entry = environ; entry && *entry; ++entry) {
    const char *at = *entry;
    const char *name = "CODITECT_ALTERNATIVE=";
    while (*name && *at == *name) { ++at; ++name; }
    if (*name) continue;
    while (*at >= '0' && *at <= '9') chosen = chosen * 10 + (*at++ - '0');
  }
  return chosen;
}
#endif
)";

bool IsWord(char c) { return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_'; }

/// Where `word` stands as a whole word, from `from` on; npos = nowhere.
size_t FindWord(std::string_view text, std::string_view word, size_t from) {
  for (size_t at = text.find(word, from); at != std::string_view::npos;
       at = text.find(word, at + 1)) {
    const size_t end = at + word.size();
    if ((at == 0 || !IsWord(text[at - 1])) && (end == text.size() || !IsWord(text[end]))) return at;
  }
  return std::string_view::npos;
}

/// The labels a body jumps to; "*" among them when one is computed.
std::set<std::string> JumpTargets(std::string_view body) {
  std::set<std::string> names;
  for (size_t at = FindWord(body, "goto", 0); at != std::string_view::npos;
       at = FindWord(body, "goto", at + 4)) {
    size_t begin = std::min(body.find_first_not_of(" \t\r\n", at + 4), body.size());
    size_t end = begin;
    while (end < body.size() && IsWord(body[end])) ++end;
    names.insert(end == begin ? "*" : std::string(body.substr(begin, end - begin)));
  }
  return names;
}

/// True for the label itself ("fail:" where a statement begins) and for a jump to it.
bool IsLabel(std::string_view body, size_t at, size_t end) {
  const size_t before = at == 0 ? std::string_view::npos : body.find_last_not_of(" \t\r\n", at - 1);
  if (before == std::string_view::npos) return false;
  const std::string_view head = body.substr(0, before + 1);
  if (head.ends_with("goto") && (before < 4 || !IsWord(body[before - 4]))) return true;
  const size_t after = body.find_first_not_of(" \t\r\n", end);
  if (after == std::string_view::npos || body[after] != ':') return false;
  if (after + 1 < body.size() && body[after + 1] == ':') return false;
  const bool first_on_line = Contains(body.substr(before, at - before), "\n");
  return first_on_line || std::string_view(";{}:)/").find(body[before]) != std::string_view::npos;
}

/// Labels belong to the whole function: those of an alternative get names of their own.
std::string WithOwnLabels(std::string text, uint32_t number) {
  for (const std::string& name : JumpTargets(text)) {
    const std::string mark = StrCat("_coditect_", number);
    for (size_t at = FindWord(text, name, 0); at != std::string::npos;
         at = FindWord(text, name, at + 1)) {
      if (IsLabel(text, at, at + name.size())) text.insert(at + name.size(), mark);
    }
  }
  return text;
}

/// A constant expression cannot ask which alternative runs.
bool IsConstexpr(std::string_view text, uint32_t body) {
  const size_t start = text.substr(0, body).find_last_of(";}");
  const std::string_view head =
      text.substr(start == std::string_view::npos ? 0 : start, body - start);
  return FindWord(head, "constexpr", 0) != std::string_view::npos ||
         FindWord(head, "consteval", 0) != std::string_view::npos;
}

/// The candidate's text of one body, braces included.
std::string BodyOf(const Candidate& candidate, const SourceRange& body, const std::string& base) {
  std::string text;
  uint32_t at = body.start;
  for (const SourceEdit& edit : candidate.edits) {
    if (edit.file != body.file || edit.start < body.start || edit.end > body.end) continue;
    text.append(base, at, edit.start - at);
    text += edit.replacement;
    at = edit.end;
  }
  text.append(base, at, body.end - at);
  return text;
}

class Writer {
 public:
  Writer(const std::string& path, const std::string& base) : path_(path), base_(base) {}

  AlternativesFile Write(const std::vector<const Candidate*>& candidates) {
    std::map<uint32_t, Body> bodies;
    for (size_t i = 0; i < candidates.size(); ++i) {
      if (candidates[i] == nullptr) continue;
      for (const SourceRange& range : candidates[i]->bodies) {
        if (range.file != path_) continue;
        Body& body = bodies[range.start];
        body.end = range.end;
        const auto number = static_cast<uint32_t>(i + 1);
        body.texts.emplace_back(number,
                                WithOwnLabels(BodyOf(*candidates[i], range, base_), number));
      }
    }
    Put(kChooser);
    uint32_t at = 0;
    for (const auto& [start, body] : bodies) {
      Put(std::string_view(base_).substr(at, start - at));
      Choose(body, std::string_view(base_).substr(start, body.end - start));
      at = body.end;
    }
    Put(std::string_view(base_).substr(at));
    return std::move(file_);
  }

 private:
  struct Body {
    uint32_t end = 0;
    std::vector<std::pair<uint32_t, std::string>> texts;  // by alternative, ascending
  };

  void Put(std::string_view text) {
    line_ += static_cast<uint32_t>(std::count(text.begin(), text.end(), '\n'));
    file_.text += text;
  }

  /// Every path ends in one body, so that what the compiler knows about missing returns stays true.
  void Choose(const Body& body, std::string_view original) {
    Put("{\nswitch (CODITECT_ALTERNATIVE) {\n");
    for (const auto& [number, text] : body.texts) {
      Put(StrCat("case ", number, ":\n"));
      const uint32_t begin = line_;
      Put(text);
      file_.lines.push_back({begin, line_, number});
      Put("\nbreak;\n");
    }
    Put("default:\n");
    Put(original);
    Put("\n}\n}");
  }

  const std::string& path_;
  const std::string& base_;
  AlternativesFile file_;
  uint32_t line_ = 1;
};

/// The number after "path:" in a line of output; 0 = none.
uint32_t LineIn(std::string_view text, std::string_view path) {
  const size_t at = text.find(StrCat(path, ":"));
  if (at == std::string_view::npos) return 0;
  const std::string_view rest = text.substr(at + path.size() + 1);
  const size_t digits = std::min(rest.find_first_not_of("0123456789"), rest.size());
  long long line = 0;
  return ParseInt(rest.substr(0, digits), 1, 100'000'000, &line) ? static_cast<uint32_t>(line) : 0;
}

}  // namespace

bool IsAlternative(const Candidate& candidate, const std::map<std::string, std::string>& base) {
  if (candidate.bodies.empty()) return false;
  for (size_t i = 0; i < candidate.bodies.size(); ++i) {
    const SourceRange& body = candidate.bodies[i];
    const auto text = base.find(body.file);
    if (text == base.end() || body.end > text->second.size() || body.start + 2 > body.end) {
      return false;
    }
    if (text->second[body.start] != '{' || text->second[body.end - 1] != '}') return false;
    const std::string_view whole = text->second;
    if (JumpTargets(whole.substr(body.start, body.end - body.start)).contains("*")) return false;
    if (IsConstexpr(whole, body.start)) return false;
    for (size_t j = 0; j < i; ++j) {
      const SourceRange& other = candidate.bodies[j];
      if (other.file == body.file && other.start < body.end && body.start < other.end) return false;
    }
  }
  return true;
}

AlternativesFile WriteAlternatives(const std::string& path, const std::string& base,
                                   const std::vector<const Candidate*>& candidates) {
  return Writer(path, base).Write(candidates);
}

std::set<uint32_t> FaultyAlternatives(std::string_view output, std::string_view path,
                                      const AlternativesFile& file) {
  std::set<uint32_t> faulty;
  for (const std::string& text : Split(output, '\n')) {
    if (!Contains(text, "error") && !Contains(text, "required from")) continue;
    const uint32_t line = LineIn(text, path);
    if (line == 0) continue;
    auto after = std::upper_bound(
        file.lines.begin(), file.lines.end(), line,
        [](uint32_t wanted, const AlternativesFile::Lines& one) { return wanted < one.first; });
    if (after == file.lines.begin()) continue;
    --after;
    if (line <= after->last) faulty.insert(after->number);
  }
  return faulty;
}

}  // namespace coditect::native
