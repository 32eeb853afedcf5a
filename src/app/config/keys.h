// The one table of configuration keys: names, types, limits, defaults, variables and help.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

namespace coditect {

enum class ValueType {
  kText,
  kBool,
  kInteger,
  kDuration,  // milliseconds inside; "30s", "5m", "1500ms" outside
  kChoice,
  kNames,  // environment variable names
  kNodes,  // host:port, several
  kUrl,    // scheme://host:port or host:port
  kGlobs,  // patterns of paths
};

/// What setting a key does in this version.
enum class KeyEffect {
  kYes,
  kNotYet,   // accepted with one warning line
  kRefused,  // an error: not in this version
};

/// Words of a key, the unused rest empty.
using KeyWords = std::array<std::string_view, 4>;

struct ConfigKey {
  std::string_view name;
  ValueType type = ValueType::kText;
  std::string_view default_text;  // as on the command line; "" = unset, or an empty list
  int64_t min = 0;                // of integers and durations (milliseconds), inclusive
  int64_t max = 0;
  KeyWords choices = {};        // of a choice; the schemes of an URL, the usual one first
  KeyWords later = {};          // choices that a later version will have
  int port = 0;                 // the usual one of an address; added to nodes written without one
  bool repository_may = false;  // a file of the repository may set it
  KeyEffect effect = KeyEffect::kYes;
  std::string_view variable;     // its variable in the design document (section 8), or ""
  int64_t variable_unit_ms = 0;  // that variable is a whole number of this many ms; 0 = as text
  std::string_view help;         // one sentence
};

/// Every key, grouped by section. Source: design document section 8, research/ux.md section 5.
std::span<const ConfigKey> ConfigKeys();

/// The key of that name, or nullptr.
const ConfigKey* FindConfigKey(std::string_view name);

/// The sentence that helps with a name that is no key: ` (did you mean "agent.timeout"?)`, or where
/// the names can be seen.
std::string SuggestConfigKey(std::string_view name);

/// True for "agent": some key starts with "agent.".
bool IsConfigSection(std::string_view name);

/// The variable that sets any key: "agent.timeout" -> "CODITECT_AGENT__TIMEOUT".
std::string ConfigVariable(const ConfigKey& key);

/// "duration", "choice", …: the word for a key's type in JSON.
std::string_view ValueTypeWord(ValueType type);

/// "auto, process or none"; "" when all words are empty.
std::string JoinChoices(const KeyWords& words);

}  // namespace coditect
