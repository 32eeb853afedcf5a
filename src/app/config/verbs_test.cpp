// Rules of `config list|get|validate`.
#include "src/app/config/verbs.h"

#include <doctest/doctest.h>

#include <nlohmann/json.hpp>

#include "src/app/config/fixture.h"
#include "src/base/strings.h"

namespace coditect {
namespace {

bool Has(const std::string& text, std::string_view part) {
  return text.find(part) != std::string::npos;
}

}  // namespace

TEST_CASE("ListIsTomlThatGivesTheSameValuesBack") {
  ConfigFixture machine;
  machine.sources().overrides = {"verify.test=make \"check\"", "env.pass=LANG,TZ",
                                 "agent.timeout=90s", "storage.redis.nodes=r"};
  const VerbOutput first = ConfigList(machine.sources(), {});
  CHECK_EQ(first.exit_code, 0);
  CHECK(Has(first.output, "agent.timeout = \"90s\"\n"));
  CHECK(Has(first.output, "# storage.nats.url is not set\n"));
  CHECK(Has(first.output, "# llm.model is not in this version\n"));
  ConfigFixture other;
  other.Write(other.user_file(), first.output);
  CHECK_EQ(ConfigList(other.sources(), {}).output, first.output);
}

TEST_CASE("ListShowsOriginsWhenAsked") {
  ConfigFixture machine;
  machine.sources().environment["AGENT_MAX_RETRIES"] = "4";
  const VerbOutput out = ConfigList(machine.sources(), {.show_origin = true});
  bool found = false;
  for (const std::string& line : Split(out.output, '\n')) {
    if (line.find("agent.max_retries = 4 ") != 0) continue;
    found = true;
    CHECK(Has(line, "  # AGENT_MAX_RETRIES"));
  }
  CHECK(found);
  ConfigFixture other;
  other.Write(other.user_file(), out.output);
  CHECK(other.Load().ok());
}

TEST_CASE("ListAsJsonHasEveryKeyTyped") {
  ConfigFixture machine;
  machine.sources().environment["NATS_URL"] = "nats://u:hunter2@n";
  const VerbOutput out = ConfigList(machine.sources(), {.json = true});
  CHECK_FALSE(Has(out.output + out.messages, "hunter2"));
  const auto json = nlohmann::json::parse(out.output);
  CHECK_EQ(json["schema"], "coditect.config/v1");
  REQUIRE_EQ(json["keys"].size(), ConfigKeys().size());
  CHECK_EQ(json["warnings"].size(), 1u);
  std::map<std::string, nlohmann::json> keys;
  for (const auto& key : json["keys"]) keys[key["key"]] = key;
  CHECK_EQ(keys["agent.timeout"]["value"], "30s");
  CHECK_EQ(keys["agent.timeout"]["origin"], "default");
  CHECK_EQ(keys["agent.timeout"]["type"], "duration");
  CHECK_EQ(keys["agent.timeout"]["repository_may"], true);
  CHECK_EQ(keys["agent.max_retries"]["value"], 3);
  CHECK_EQ(keys["task_queue.consistency_check"]["value"], true);
  CHECK_EQ(keys["env.pass"]["value"], nlohmann::json::array());
  CHECK_EQ(keys["storage.nats.url"]["value"], "nats://***@n");
  CHECK_EQ(keys["storage.nats.url"]["effect"], "not_yet");
  CHECK(keys["storage.redis.nodes"]["value"].is_null());
  CHECK_EQ(keys["llm.model"]["effect"], "not_in_this_version");
}

TEST_CASE("GetPrintsTheValueAlone") {
  ConfigFixture machine;
  machine.sources().overrides = {"env.pass=LANG,TZ", "verify.test=pytest \"-q\"\x1b[0m"};
  CHECK_EQ(ConfigGet(machine.sources(), "agent.timeout", false).output, "30s\n");
  CHECK_EQ(ConfigGet(machine.sources(), "env.pass", false).output, "LANG\nTZ\n");
  CHECK_EQ(ConfigGet(machine.sources(), "verify.test", false).output, "pytest \"-q\"\\x1b[0m\n");
  const VerbOutput unset = ConfigGet(machine.sources(), "storage.nats.url", false);
  CHECK_EQ(unset.exit_code, 0);
  CHECK_EQ(unset.output, "");
  CHECK_EQ(unset.messages, "coditect: storage.nats.url is not set\n");
  CHECK(Has(ConfigGet(machine.sources(), "llm.brain", false).messages, "offline brain"));
  const auto json = nlohmann::json::parse(ConfigGet(machine.sources(), "env.pass", true).output);
  CHECK_EQ(json["schema"], "coditect.config/v1");
  CHECK_EQ(json["key"], "env.pass");
  CHECK_EQ(json["value"], nlohmann::json::array({"LANG", "TZ"}));
  CHECK_EQ(json["origin"], "-c");
}

TEST_CASE("GetOfAnUnknownKeyIsAUsageErrorWithASuggestion") {
  ConfigFixture machine;
  for (const bool json : {false, true}) {
    const VerbOutput out = ConfigGet(machine.sources(), "agent.timeuot", json);
    CHECK_EQ(out.exit_code, 2);
    CHECK_EQ(out.output, "");
    CHECK_EQ(out.messages,
             "coditect: unknown key \"agent.timeuot\" (did you mean \"agent.timeout\"?)\n");
  }
}

TEST_CASE("EveryVerbRefusesABrokenConfiguration") {
  ConfigFixture machine;
  machine.Write(machine.user_file(), "agent.timeout = 1\nagent.sandbox = \"x\"\n");
  for (const VerbOutput& out :
       {ConfigList(machine.sources(), {}), ConfigGet(machine.sources(), "agent.timeout", false),
        ConfigValidate(machine.sources(), "")}) {
    CHECK_EQ(out.exit_code, 2);
    CHECK_EQ(out.output, "");
    CHECK(Has(out.messages, StrCat("coditect: ", machine.user_file(), ":1:17: agent.timeout: ")));
    CHECK(Has(out.messages, StrCat("coditect: ", machine.user_file(), ":2:17: agent.sandbox: ")));
  }
}

TEST_CASE("ValidateChecksEveryLayerOrOneFileAsTheLayerItWouldBe") {
  ConfigFixture machine;
  ConfigSources& sources = machine.sources();
  CHECK_EQ(ConfigValidate(sources, "").output, "valid: no configuration file, defaults only\n");
  machine.Write(sources.system_file, "[agent]\nmax_retries = 1\n");
  machine.Write(machine.local_file(), "verify.repeat_flaky = 2\nagent.timeout = \"9s\"\n");
  CHECK_EQ(ConfigValidate(sources, "").output,
           StrCat(sources.system_file, ": valid, 1 setting\n", machine.local_file(),
                  ": valid, 2 settings\n"));

  const std::string text = "agent.sandbox = \"none\"\n";
  const std::string elsewhere = machine.Path("home/coditect.toml");
  for (const std::string& path : {elsewhere, machine.repository_file(), machine.local_file(),
                                  machine.Path("repository/other.toml")}) {
    CAPTURE(path);
    machine.Write(path, text);
    const bool repository = path == machine.repository_file() || path == machine.local_file();
    const VerbOutput out = ConfigValidate(sources, path);
    CHECK_EQ(out.exit_code, repository ? 2 : 0);
    CHECK_EQ(Has(out.messages, "repository files cannot set it"), repository);
    CHECK_EQ(Has(out.output, ": valid, 1 setting\n"), !repository);
  }
  CHECK(Has(ConfigValidate(sources, machine.Path("none.toml")).messages, "no such file"));
  machine.Write(sources.managed_file, "agent.sandbox = \"process\"\n");
  CHECK(Has(ConfigValidate(sources, elsewhere).messages, "is locked to \"process\" by"));
}

TEST_CASE("ValidateAsJsonListsFilesOrProblems") {
  ConfigFixture machine;
  machine.Write(machine.user_file(), "agent.max_retries = 1\n");
  const VerbOutput good = ConfigValidate(machine.sources(), "", /*json=*/true);
  CHECK_EQ(good.exit_code, 0);
  auto json = nlohmann::json::parse(good.output);
  CHECK_EQ(json["schema"], "coditect.config_check/v1");
  CHECK_EQ(json["valid"], true);
  CHECK_EQ(json["files"], nlohmann::json::array({machine.user_file()}));
  machine.Write(machine.user_file(), "agent.max_retries = -1\nagent.timeuot = 3\n");
  const VerbOutput bad = ConfigValidate(machine.sources(), "", /*json=*/true);
  CHECK_EQ(bad.exit_code, 2);
  json = nlohmann::json::parse(bad.output);
  CHECK_EQ(json["valid"], false);
  CHECK_EQ(json["problems"].size(), 2u);
}

}  // namespace coditect
