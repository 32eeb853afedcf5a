// Writing bodies that choose, and reading what a compiler says about them.
#include "src/adapters/native/alternatives.h"

#include <algorithm>
#include <cctype>
#include <iterator>
#include <optional>
#include <tuple>

#include "src/adapters/native/choice_places.h"
#include "src/base/strings.h"

namespace coditect::native {
namespace {

constexpr const char* kUnoptimized = R"(#ifdef __clang__
#pragma clang optimize off
#else
#pragma GCC optimize ("O0")
#endif
)";

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

  AlternativesFile Write(const std::vector<const Candidate*>& candidates,
                         const AlternativesOptions& options) {
    std::map<uint32_t, Body> bodies;
    for (size_t i = 0; i < candidates.size(); ++i) {
      if (candidates[i] == nullptr) continue;
      const auto number = static_cast<uint32_t>(i + 1);
      for (const SourceRange& range : candidates[i]->bodies) {
        if (range.file != path_) continue;
        Body& body = bodies[range.start];
        body.end = range.end;
        // A body that is shared would be optimized as no alternative alone is.
        const bool shares = !options.optimized && !options.whole.contains(number);
        if (shares && AddChoice(*candidates[i], range, number, &body)) continue;
        body.texts.emplace_back(number,
                                WithOwnLabels(BodyOf(*candidates[i], range, base_), number));
      }
    }
    if (!options.optimized) Put(kUnoptimized);
    Put(kChooser);
    uint32_t at = 0;
    for (auto& [start, body] : bodies) {
      PutBase(at, start);
      Choose(start, &body);
      at = body.end;
    }
    Put(std::string_view(base_).substr(at));
    return std::move(file_);
  }

 private:
  using Texts = std::vector<std::pair<uint32_t, std::string>>;  // by alternative, ascending

  struct Choice {
    ChoicePlace place;
    Texts texts;
  };

  struct Body {
    uint32_t end = 0;
    Texts texts;
    std::map<std::pair<uint32_t, uint32_t>, Choice> choices;  // the outer before the inner
  };

  /// Lets the candidate share the body, if it can.
  bool AddChoice(const Candidate& candidate, const SourceRange& body, uint32_t number, Body* into) {
    if (candidate.edits.size() != 1 || candidate.bodies.size() != 1) return false;
    const SourceEdit& edit = candidate.edits[0];
    const auto key = std::make_tuple(body.start, edit.start, edit.end);
    const auto [known, added] = places_.try_emplace(key);
    if (added) known->second = FindChoicePlace(base_, body.start, body.end, edit.start, edit.end);
    if (!known->second) return false;
    const ChoicePlace& place = *known->second;
    for (const auto& [range, other] : into->choices) {
      // A condition holds no other choice: its text is written more than once.
      const auto& [one, two] = std::pair(other.place, place);
      const bool apart = one.end <= two.start || two.end <= one.start;
      const bool inner = one.start <= two.start && two.end <= one.end;
      const ChoicePlace& outer = inner ? one : two;
      if (!apart && !(one == two) && outer.kind == ChoicePlace::Kind::kCondition) return false;
    }
    std::string text = base_.substr(place.start, edit.start - place.start) + edit.replacement +
                       base_.substr(edit.end, place.end - edit.end);
    if (!FitsChoice(place.kind, text)) return false;
    // Outer places come first, so that the base's text of one holds the inner choices.
    Choice& choice = into->choices[{place.start, ~place.end}];
    choice.place = place;
    choice.texts.emplace_back(number, std::move(text));
    return true;
  }

  void Put(std::string_view text) {
    line_ += static_cast<uint32_t>(std::count(text.begin(), text.end(), '\n'));
    file_.text += text;
  }
  void PutBase(uint32_t start, uint32_t end) {
    Put(std::string_view(base_).substr(start, end - start));
  }
  void PutAlternative(uint32_t number, std::string_view text, bool shared) {
    const uint32_t begin = line_;
    Put(text);
    file_.lines.push_back({begin, line_, number, shared});
  }

  /// Every path ends in one body, so that what the compiler knows about missing returns stays true.
  void Choose(uint32_t start, Body* body) {
    Put("{\nconst int coditect_chosen = CODITECT_ALTERNATIVE;\nswitch (coditect_chosen) {\n");
    for (const auto& [number, text] : body->texts) {
      Put(StrCat("case ", number, ":\n"));
      PutAlternative(number, text, /*shared=*/false);
      Put("\nbreak;\n");
    }
    Put("default:\n");
    auto next = body->choices.begin();
    PutShared(start, body->end, &next, body->choices.end());
    Put("\n}\n}");
  }

  template <class Iterator>
  void PutShared(uint32_t start, uint32_t end, Iterator* next, Iterator last) {
    uint32_t at = start;
    while (*next != last && (*next)->second.place.end <= end) {
      const Choice& choice = (*next)->second;
      ++*next;
      PutBase(at, choice.place.start);
      at = choice.place.end;
      if (choice.place.kind == ChoicePlace::Kind::kCondition) {
        Put("(");
        PutCondition(choice, 0, choice.texts.size());
        Put(")");
      } else {
        PutStatement(choice, [&] { PutShared(choice.place.start, choice.place.end, next, last); });
      }
    }
    PutBase(at, end);
  }

  /// A decision tree: a chain as long as there are alternatives would cost the compiler its square.
  void PutCondition(const Choice& choice, size_t first, size_t last) {
    const auto& [number, text] = choice.texts[first];
    if (last - first == 1) {
      Put(StrCat("coditect_chosen == ", number, " ? !!(\n"));
      PutAlternative(number, text, /*shared=*/true);
      Put("\n) : !!(");
      PutBase(choice.place.start, choice.place.end);
      Put("\n)");
      return;
    }
    const size_t middle = first + (last - first) / 2;
    Put(StrCat("coditect_chosen < ", choice.texts[middle].first, " ? ("));
    PutCondition(choice, first, middle);
    Put(") : (");
    PutCondition(choice, middle, last);
    Put(")");
  }

  template <class Base>
  void PutStatement(const Choice& choice, const Base& base) {
    bool chain = MindsSwitch(
        std::string_view(base_).substr(choice.place.start, choice.place.end - choice.place.start));
    for (const auto& [number, text] : choice.texts) chain |= MindsSwitch(text);
    Put(chain ? "{ " : "{ switch (coditect_chosen) {\n");
    for (const auto& [number, text] : choice.texts) {
      Put(chain ? StrCat("if (coditect_chosen == ", number, ") {\n")
                : StrCat("case ", number, ": {\n"));
      PutAlternative(number, text, /*shared=*/true);
      Put(chain ? "\n} else " : "\n} break;\n");
    }
    Put(chain ? "{ " : "default: { ");
    base();
    Put(chain ? "\n} }" : "\n} } }");
  }

  const std::string& path_;
  const std::string& base_;
  AlternativesFile file_;
  std::map<std::tuple<uint32_t, uint32_t, uint32_t>, std::optional<ChoicePlace>> places_;
  uint32_t line_ = 1;
};

/// The number after "path:" in a line of output; 0 = none. A compiler that was started in a folder
/// below names the file from there.
uint32_t LineIn(std::string_view text, std::string_view path) {
  size_t at = text.find(StrCat(path, ":"));
  while (at == std::string_view::npos && Contains(path, "/")) {
    path.remove_prefix(path.find('/') + 1);
    if (text.starts_with(StrCat(path, ":"))) at = 0;
  }
  if (at == std::string_view::npos) return 0;
  const std::string_view rest = text.substr(at + path.size() + 1);
  const size_t digits = std::min(rest.find_first_not_of("0123456789"), rest.size());
  long long line = 0;
  return ParseInt(rest.substr(0, digits), 1, 100'000'000, &line) ? static_cast<uint32_t>(line) : 0;
}

/// True for a compiler's error about a name or a type of an expression, which is the same wherever
/// the expression stands in the function.
bool SaysNameOrType(std::string_view error) {
  constexpr std::string_view kSaid[] = {"undeclared",
                                        "was not declared in this scope",
                                        "use of undeclared identifier",
                                        "has no member named",
                                        "no member named",
                                        "is not a member of",
                                        "invalid operands",
                                        "no match for",
                                        "no matching function",
                                        "cannot convert",
                                        "could not convert",
                                        "invalid conversion",
                                        "incompatible type",
                                        "invalid type argument",
                                        "wrong type argument",
                                        "too few arguments",
                                        "too many arguments",
                                        "is not a function",
                                        "cannot be used as a function",
                                        "lvalue required",
                                        "assignment of read-only",
                                        "subscripted value is neither"};
  return std::ranges::any_of(kSaid, [&](std::string_view said) { return Contains(error, said); });
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
                                   const std::vector<const Candidate*>& candidates,
                                   const AlternativesOptions& options) {
  return Writer(path, base).Write(candidates, options);
}

FaultyAlternatives FindFaulty(std::string_view output, std::string_view path,
                              const AlternativesFile& file) {
  FaultyAlternatives faulty;
  std::set<uint32_t> doubtful;  // with a complaint that may be about the place
  for (const std::string& text : Split(output, '\n')) {
    if (!Contains(text, "error") && !Contains(text, "required from")) continue;
    const uint32_t line = LineIn(text, path);
    if (line == 0) continue;
    auto after = std::upper_bound(
        file.lines.begin(), file.lines.end(), line,
        [](uint32_t wanted, const AlternativesFile::Lines& one) { return wanted < one.first; });
    if (after == file.lines.begin()) continue;
    --after;
    if (line > after->last) continue;
    faulty.all.insert(after->number);
    if (!SaysNameOrType(text)) doubtful.insert(after->number);
  }
  std::ranges::set_difference(faulty.all, doubtful,
                              std::inserter(faulty.hopeless, faulty.hopeless.end()));
  return faulty;
}

}  // namespace coditect::native
