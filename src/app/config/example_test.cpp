// config/coditect.toml is what the table of keys says.
#include "src/app/config/example.h"

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
TEST_CASE("ExampleFileIsGeneratedFromTheTable") {
  const std::string expected = ExampleConfig(ExampleFor::kPerson);
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
  machine.Write(machine.user_file(), ExampleConfig(ExampleFor::kPerson));
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

TEST_CASE("ExampleOfARepositoryHoldsWhatARepositoryMaySet") {
  ConfigFixture machine;
  const std::string text = ExampleConfig(ExampleFor::kRepository);
  machine.Write(machine.repository_file(), text);
  REQUIRE(machine.Load().ok());
  std::string set;
  for (const std::string& line : Split(text, '\n')) {
    set += (line.starts_with("#: ") ? line.substr(3) : line) + "\n";
  }
  machine.Write(machine.repository_file(), set);
  const StatusOr<Config> config = machine.Load();
  REQUIRE_MESSAGE(config.ok(), Message(config.status()));
  size_t allowed = 0;
  for (const ConfigKey& key : ConfigKeys()) allowed += key.repository_may ? 1 : 0;
  CHECK_EQ(config->Files()[0].settings, allowed);
}

}  // namespace coditect
