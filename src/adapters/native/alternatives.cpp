// Writing bodies that choose, and reading what a compiler says about them.
#include "src/adapters/native/alternatives.h"

#include <algorithm>
#include <cctype>

#include "src/base/strings.h"

namespace coditect::native {
namespace {

// C89 and C++98, without a header: nothing that comes later can clash with it.
constexpr const char* kChooser = R"(#ifndef CODITECT_ALTERNATIVE
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

/// Labels are known by the jumps to them; a function with labels alone is rare enough.
bool HasGoto(std::string_view body) {
  for (size_t at = body.find("goto"); at != std::string_view::npos;
       at = body.find("goto", at + 4)) {
    if ((at == 0 || !IsWord(body[at - 1])) && (at + 4 == body.size() || !IsWord(body[at + 4]))) {
      return true;
    }
  }
  return false;
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
        body.texts.emplace_back(static_cast<uint32_t>(i + 1), BodyOf(*candidates[i], range, base_));
      }
    }
    Put(kChooser);
    uint32_t at = 0;
    for (const auto& [start, body] : bodies) {
      Put(std::string_view(base_).substr(at, start - at));
      Put("{\n");
      Choose(body, 0, body.texts.size(), std::string_view(base_).substr(start, body.end - start));
      Put("}");
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

  /// A tree of conditions over the alternatives [first, last): every path through it ends in one
  /// body, so that what the compiler knows about missing returns stays true.
  void Choose(const Body& body, size_t first, size_t last, std::string_view original) {
    if (last - first > 1) {
      const size_t middle = first + (last - first) / 2;
      Put(StrCat("if (CODITECT_ALTERNATIVE < ", body.texts[middle].first, ") {\n"));
      Choose(body, first, middle, original);
      Put("} else {\n");
      Choose(body, middle, last, original);
      Put("}\n");
      return;
    }
    Put(StrCat("if (CODITECT_ALTERNATIVE == ", body.texts[first].first, ") {\n"));
    const uint32_t begin = line_;
    Put(body.texts[first].second);
    file_.lines.push_back({begin, line_, body.texts[first].first});
    Put("\n} else {\n");
    Put(original);
    Put("\n}\n");
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
    if (HasGoto(std::string_view(text->second).substr(body.start, body.end - body.start))) {
      return false;
    }
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
