// config/coditect.toml is what the table of keys says.
#include <doctest/doctest.h>
#include <stdlib.h>

#include <string>

#include "src/app/config/fixture.h"
#include "src/base/strings.h"

extern "C" {
extern const char coditect_example_config[];
extern const unsigned coditect_example_config_size;
}

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

// The variable of the design document, with its unit.
std::string VariableLine(const ConfigKey& key) {
  const int64_t unit = key.variable_unit_ms;
  const std::string_view word = unit == 0      ? ""
                                : unit == 1    ? " (in milliseconds)"
                                : unit == 1000 ? " (in seconds)"
                                               : " (in hours)";
  return key.variable.empty() ? "" : StrCat("# Variable: ", key.variable, word, ".\n");
}

std::string ExampleValue(const ConfigKey& key) {
  if (key.type == ValueType::kNodes) return StrCat("[\"host-1:", key.port, "\"]");
  if (key.type == ValueType::kUrl) return StrCat('"', key.choices[0], "://host:", key.port, '"');
  const std::string value = ToToml(key, DefaultValue(key));
  return value.empty() ? "\"\"" : value;
}

std::string Example() {
  std::string out = kHeader;
  std::string_view section;
  for (const ConfigKey& key : ConfigKeys()) {
    const size_t dot = key.name.rfind('.');
    if (key.name.substr(0, dot) != section) {
      section = key.name.substr(0, dot);
      out += StrCat("\n[", section, "]\n");
    } else {
      out += "\n";
    }
    out += StrCat("# ", key.help, "\n# Takes ", DescribeValue(key), ".\n", VariableLine(key));
    if (key.repository_may) out += "# A repository's file may set it.\n";
    if (key.effect == KeyEffect::kNotYet) out += "# No effect in this version.\n";
    if (key.effect == KeyEffect::kRefused) out += "# Not in this version: an error when set.\n";
    const std::string_view later = key.later[0];
    if (!later.empty()) out += StrCat("# Not in this version: ", JoinChoices(key.later), ".\n");
    out += StrCat("#: ", key.name.substr(dot + 1), " = ", ExampleValue(key), "\n");
  }
  return out;
}

}  // namespace

TEST_CASE("ExampleFileIsGeneratedFromTheTable") {
  const std::string expected = Example();
  // `CODITECT_WRITE_EXAMPLE=config/coditect.toml build/dev/unit_app_config` renews it.
  const char* path = ::getenv("CODITECT_WRITE_EXAMPLE");
  if (path != nullptr) REQUIRE(WriteFile(path, expected, 0644).ok());
  const std::string_view actual(coditect_example_config, coditect_example_config_size);
  const bool same = actual == expected || path != nullptr;
  CHECK_MESSAGE(same,
                "config/coditect.toml differs from keys.cpp; renew it with "
                "CODITECT_WRITE_EXAMPLE=config/coditect.toml build/dev/unit_app_config");
}

TEST_CASE("ExampleFileIsValidAsItIsAndWithEveryKeyOfThisVersionSet") {
  ConfigFixture machine;
  machine.Write(machine.user_file(), Example());
  REQUIRE(machine.Load().ok());
  CHECK_EQ(machine.Load()->Files()[0].settings, 0u);
  std::string all;
  size_t expected = 0;
  for (const ConfigKey& key : ConfigKeys()) {
    if (key.effect == KeyEffect::kRefused) continue;
    all += StrCat(key.name, " = ", ExampleValue(key), "\n");
    ++expected;
  }
  machine.Write(machine.user_file(), all);
  const StatusOr<Config> config = machine.Load();
  REQUIRE_MESSAGE(config.ok(), Message(config.status()));
  CHECK_EQ(config->Files()[0].settings, expected);
}

}  // namespace coditect
