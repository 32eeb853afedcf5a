// Rules of single values: units, limits, and how they are written.
#include "src/app/config/value.h"

#include <doctest/doctest.h>

#include "src/app/config/toml_reader.h"

#include "src/base/strings.h"

namespace coditect {

TEST_CASE("DurationsHaveAUnitAndALimit") {
  const ConfigKey key{.name = "k",
                      .type = ValueType::kDuration,
                      .default_text = "1s",
                      .min = 10,
                      .max = 86'400'000};
  const auto ms = [&](std::string_view text) {
    const StatusOr<ConfigValue> value = ParseText(key, text);
    return value.ok() ? std::get<int64_t>(*value) : -1;
  };
  CHECK_EQ(ms("600s"), 600'000);
  CHECK_EQ(ms("5m"), 300'000);
  CHECK_EQ(ms("1500ms"), 1500);
  CHECK_EQ(ms("24h"), 86'400'000);
  CHECK_EQ(ms("1d"), 86'400'000);
  CHECK_EQ(ms("10ms"), 10);
  for (const char* bad :
       {"9ms", "25h", "5", "s", "5 s", " 5s", "5s ", "-5s", "+5s", "1.5s", "5S", "5d", "1m30s",
        "0x5s", "99999999999999999999s", "9223372036854775807ms"}) {
    CAPTURE(std::string(bad));
    CHECK_EQ(ms(bad), -1);
  }
}

TEST_CASE("TheExampleOfADurationIsNeverTheOneWithoutALimit") {
  const ConfigKey key{
      .name = "k", .type = ValueType::kDuration, .default_text = "0s", .min = 0, .max = 86'400'000};
  const Status status = ParseText(key, "5").status();
  CHECK_NE(std::string(status.message()).find("such as 10m"), std::string::npos);
}

TEST_CASE("DurationsAreShownInTheLargestWholeUnit") {
  CHECK_EQ(FormatDuration(0), "0s");
  CHECK_EQ(FormatDuration(1500), "1500ms");
  CHECK_EQ(FormatDuration(30'000), "30s");
  CHECK_EQ(FormatDuration(600'000), "10m");
  CHECK_EQ(FormatDuration(7'200'000), "2h");
}

TEST_CASE("TomlAndJsonOfAValueAreSafeAndReadBack") {
  const ConfigKey key{.name = "verify.test"};
  const std::string nasty =
      "say \"hi\" \\ \x1b[31m\t\n\xe2\x80\xae\xc2\x9b h\xc3\xa9 \\x41 \\u{41}";
  const std::string toml = ToToml(key, ConfigValue(nasty));
  CHECK_EQ(toml.find_first_of("\x1b\n\t\xe2"), std::string::npos);
  const auto entries = ReadToml(StrCat("a = ", toml));
  REQUIRE(entries.ok());
  CHECK_EQ(std::get<std::string>((*entries)[0].value), nasty);
  CHECK_EQ(ToJson(key, ConfigValue(std::string("a\"b"))), "\"a\\\"b\"");
  CHECK_EQ(ToJson(key, ConfigValue(std::string())), "null");
}

TEST_CASE("QuotedTextIsShortAndSafe") {
  CHECK_EQ(QuoteForMessage("a\x1b"), "\"a\\x1b\"");
  CHECK_EQ(QuoteForMessage(std::string(100, 'a')), StrCat('"', std::string(60, 'a'), "…\""));
  CHECK_EQ(QuoteForMessage(std::string(59, 'a') + "\xc3\xa9z"),
           StrCat('"', std::string(59, 'a'), "…\""));
  const std::string secret = QuoteForMessage("nats://u:" + std::string(5000, 's') + "@h");
  CHECK_EQ(secret, "\"nats://***@h\"");
}

TEST_CASE("VariableNamesAreLettersDigitsAndUnderscores") {
  const ConfigKey& key = *FindConfigKey("env.pass");
  CHECK(ParseText(key, "LANG,_x9,http_proxy").ok());
  for (const char* bad : {"9A", "A-B", "A=B", "A,,B", "A, B", "*"}) {
    CAPTURE(std::string(bad));
    CHECK_FALSE(ParseText(key, bad).ok());
  }
  CHECK_EQ(ToToml(key, *ParseToml(key, std::vector<std::string>{})), "[]");
}

TEST_CASE("SuggestionsNameTheNearestKey") {
  CHECK_EQ(SuggestConfigKey("agent.timeuot"), " (did you mean \"agent.timeout\"?)");
  CHECK_EQ(SuggestConfigKey("parallel_limit"), " (did you mean \"agent.parallel_limit\"?)");
  CHECK_EQ(SuggestConfigKey("zzz"), " (`coditect config list` shows every key)");
  CHECK_EQ(SuggestConfigKey(std::string(1 << 20, 'a')),
           " (`coditect config list` shows every key)");
}

}  // namespace coditect
