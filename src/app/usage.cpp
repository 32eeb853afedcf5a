// What a person's words on the command line could mean, by the table of verbs.
#include <algorithm>

#include "src/app/verb_table.h"
#include "src/base/strings.h"

namespace coditect {
namespace {

std::string DidYouMean(const std::string& near) {
  return near.empty() ? "" : StrCat("; did you mean `", near, "`?");
}

bool TakesValue(const VerbHelp& verb, const std::string& word) {
  return std::any_of(verb.flags.begin(), verb.flags.end(), [&](const FlagHelp& flag) {
    return !flag.value.empty() &&
           std::find(flag.names.begin(), flag.names.end(), word) != flag.names.end();
  });
}

/// The verbs as they stand in `words`, down from `program`: {run}, {config, list}. `unknown`: the
/// first word where a verb should be but is none. A flag's value may be before the verb or behind.
std::vector<const VerbHelp*> VerbsOf(const VerbHelp& program, const std::vector<std::string>& words,
                                     std::string* unknown) {
  std::vector<const VerbHelp*> verbs = {&program};
  for (size_t i = 0; i < words.size(); ++i) {
    if (words[i].starts_with("-")) {
      if (TakesValue(program, words[i])) ++i;
      continue;
    }
    const std::vector<VerbHelp>& known = verbs.back()->verbs;
    if (known.empty()) break;
    const auto verb = std::find_if(known.begin(), known.end(), [&](const VerbHelp& candidate) {
      return candidate.name == words[i];
    });
    if (verb == known.end()) {
      *unknown = words[i];
      break;
    }
    verbs.push_back(&*verb);
  }
  return verbs;
}

}  // namespace

std::vector<std::string> JoinFields(const VerbHelp& program, std::vector<std::string> words) {
  for (size_t i = 0; i + 1 < words.size(); ++i) {
    if (words[i] != "--json" || words[i + 1].starts_with("-")) continue;
    std::string unknown;
    const VerbHelp* verb =
        VerbsOf(program, {words.begin(), words.begin() + static_cast<ptrdiff_t>(i)}, &unknown)
            .back();
    const bool takes_words =
        verb == &program || !verb->verbs.empty() || !unknown.empty() || !verb->arguments.empty();
    if (takes_words) continue;
    words[i] += "=" + words[i + 1];
    words.erase(words.begin() + static_cast<ptrdiff_t>(i) + 1);
  }
  return words;
}

std::string UsageError(const VerbHelp& program, const std::vector<std::string>& words,
                       const std::string& parser_says) {
  std::string unknown;
  const std::vector<const VerbHelp*> verbs = VerbsOf(program, words, &unknown);
  std::string name;
  for (const VerbHelp* verb : verbs) name += (name.empty() ? "" : " ") + verb->name;
  if (!unknown.empty()) {
    std::vector<std::string> known;
    for (const VerbHelp& verb : verbs.back()->verbs) known.push_back(verb.name);
    const std::string near = NearestWord(unknown, known);
    return StrCat("there is no verb `", name, " ", unknown, "`",
                  DidYouMean(near.empty() ? "" : StrCat(name, " ", near)));
  }
  if (!verbs.back()->verbs.empty()) {
    return StrCat("`", name, "` needs a verb",
                  verbs.size() == 1 ? ", as in `coditect run \"make the tests pass\"`" : "");
  }
  std::vector<std::string> flags;
  for (const VerbHelp* verb : verbs) {
    for (const FlagHelp& flag : verb->flags) {
      flags.insert(flags.end(), flag.names.begin(), flag.names.end());
    }
  }
  for (const std::string& word : words) {
    if (word == "--") break;
    const std::string flag = word.substr(0, word.find('='));
    if (!flag.starts_with("--") || std::find(flags.begin(), flags.end(), flag) != flags.end()) {
      continue;
    }
    return StrCat("`", name, "` has no flag ", flag, DidYouMean(NearestWord(flag, flags)));
  }
  constexpr std::string_view kNoNumber = "Could not convert: ";
  if (parser_says.starts_with(kNoNumber)) {
    return StrCat(parser_says.substr(kNoNumber.size()), " is no whole number");
  }
  if (name == "coditect run" && parser_says.find("not expected") != std::string::npos) {
    return StrCat(parser_says, "; put the goal into quotes");
  }
  return parser_says;
}

}  // namespace coditect
