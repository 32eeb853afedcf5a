// Finds the table of a language.
#include "src/analysis/language.h"

#include "src/analysis/languages/languages.h"

namespace coditect::analysis {

const Language* LanguageOf(std::string_view path) {
  for (const Language* language : {&Python(), &Cpp(), &C()}) {
    for (std::string_view extension : language->extensions) {
      if (path.ends_with(extension)) return language;
    }
  }
  return nullptr;
}

const Language* FindLanguage(std::string_view name) {
  for (const Language* language : {&Python(), &Cpp(), &C()}) {
    if (language->name == name) return language;
  }
  return nullptr;
}

}  // namespace coditect::analysis
