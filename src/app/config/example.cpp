// A configuration file that explains itself.
#include "src/app/config/example.h"

#include "src/app/config/keys.h"
#include "src/app/config/value.h"
#include "src/base/strings.h"

namespace coditect {
namespace {

constexpr char kHeader[] =
    "# coditect's configuration: every key with its default. To set one, remove \"#: \" before "
    "it.\n"
    "# Files, each beating the one before: /etc/coditect/coditect.toml,\n"
    "# ~/.config/coditect/config.toml, and in a repository coditect.toml and\n"
    "# .coditect/local.toml; then variables, -c key=value and flags. /etc/coditect/managed.toml "
    "locks\n"
    "# what it sets. Every key is also a variable: agent.timeout is CODITECT_AGENT__TIMEOUT.\n"
    "# `coditect config list --show-origin` shows what is in force and where it comes from.\n";

constexpr char kRepositoryHeader[] =
    "# coditect's configuration of this repository: every key that a repository may set, with its\n"
    "# default. To set one, remove \"#: \" before it. It beats the files of a person\n"
    "# (~/.config/coditect/config.toml); .coditect/local.toml, variables, -c key=value and flags\n"
    "# beat it. `coditect config list --show-origin` shows what is in force and where it comes "
    "from.\n";

// The variable of the design document, with its unit.
std::string VariableLine(const ConfigKey& key) {
  const int64_t unit = key.variable_unit_ms;
  const std::string_view word = unit == 0      ? ""
                                : unit == 1    ? " (in milliseconds)"
                                : unit == 1000 ? " (in seconds)"
                                               : " (in hours)";
  return key.variable.empty() ? "" : StrCat("# Variable: ", key.variable, word, ".\n");
}

}  // namespace

std::string ExampleValue(const ConfigKey& key) {
  if (key.type == ValueType::kNodes) return StrCat("[\"host-1:", key.port, "\"]");
  if (key.type == ValueType::kUrl) return StrCat('"', key.choices[0], "://host:", key.port, '"');
  const std::string value = ToToml(key, DefaultValue(key));
  return value.empty() ? "\"\"" : value;
}

std::string ExampleConfig(ExampleFor whom) {
  std::string out = whom == ExampleFor::kPerson ? kHeader : kRepositoryHeader;
  std::string_view section;
  for (const ConfigKey& key : ConfigKeys()) {
    if (whom == ExampleFor::kRepository && !key.repository_may) continue;
    const size_t dot = key.name.rfind('.');
    if (key.name.substr(0, dot) != section) {
      section = key.name.substr(0, dot);
      out += StrCat("\n[", section, "]\n");
    } else {
      out += "\n";
    }
    out += StrCat("# ", key.help, "\n# Takes ", DescribeValue(key), ".\n", VariableLine(key));
    if (whom == ExampleFor::kPerson && key.repository_may)
      out += "# A repository's file may set it.\n";
    if (key.effect == KeyEffect::kNotYet) out += "# No effect in this version.\n";
    if (key.effect == KeyEffect::kRefused) out += "# Not in this version: an error when set.\n";
    const std::string_view later = key.later[0];
    if (!later.empty()) out += StrCat("# Not in this version: ", JoinChoices(key.later), ".\n");
    out += StrCat("#: ", key.name.substr(dot + 1), " = ", ExampleValue(key), "\n");
  }
  return out;
}

}  // namespace coditect
