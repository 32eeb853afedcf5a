// Rules of precedence, origins, locks, and of what a repository may set.
#include "src/app/config/config.h"

#include <doctest/doctest.h>
#include <unistd.h>

#include <functional>
#include <map>
#include <set>

#include "src/app/config/fixture.h"
#include "src/base/strings.h"

namespace coditect {
namespace {

bool Has(const Status& status, std::string_view fragment) {
  return Message(status).find(fragment) != std::string::npos;
}

// A valid value of the key as one TOML line.
std::string TomlLine(const ConfigKey& key) {
  std::string value = ToToml(key, DefaultValue(key));
  if (key.type == ValueType::kNodes) value = "[\"a:1\"]";
  if (key.type == ValueType::kUrl) value = "\"host:1\"";
  if (value == "") value = "\"some\"";
  return StrCat(key.name, " = ", value, "\n");
}

}  // namespace

TEST_CASE("DefaultsAreTheDocumentedOnes") {
  ConfigFixture machine;
  const StatusOr<Config> config = machine.Load();
  REQUIRE(config.ok());
  CHECK_EQ(config->Text("llm.brain"), "auto");
  CHECK_EQ(config->DurationMs("orchestrator.planning_interval"), 600'000);
  CHECK_EQ(config->DurationMs("task_queue.sync_interval"), 100);
  CHECK(config->Bool("task_queue.consistency_check"));
  CHECK_EQ(config->Text("task_queue.violation_action"), "escalate");
  CHECK_EQ(config->Text("agent.sandbox"), "auto");
  CHECK_EQ(config->DurationMs("agent.timeout"), 30'000);
  CHECK_EQ(config->Integer("agent.max_retries"), 3);
  CHECK_EQ(config->Integer("agent.parallel_limit"), 10);
  CHECK_EQ(config->Text("git.attribution"), "assisted-by");
  CHECK_EQ(config->Text("verify.test"), "auto");
  CHECK_EQ(config->Integer("verify.repeat_flaky"), 3);
  CHECK_EQ(config->DurationMs("verify.suite_timeout"), 1'800'000);
  CHECK_EQ(config->Integer("search.tests_max"), 2'000'000);
  CHECK(config->List("env.pass").empty());
  CHECK_EQ(config->Text("storage.mode"), "embedded");
  CHECK_EQ(config->Text("storage.nats.url"), "");
  CHECK(config->List("storage.redis.nodes").empty());
  CHECK(config->Warnings().empty());
  CHECK(config->Files().empty());
  for (const ConfigEntry& entry : config->Entries()) CHECK_EQ(entry.origin, "default");
}

TEST_CASE("EachLayerBeatsTheOnesBelow") {
  ConfigFixture machine;
  struct Layer {
    std::string origin;
    std::function<void(int)> set;  // agent.timeout to that many seconds
  };
  const auto file = [&](const std::string& path) {
    return Layer{path + ":2", [&machine, path](int seconds) {
                   machine.Write(path, StrCat("[agent]\ntimeout = \"", seconds, "s\"\n"));
                 }};
  };
  ConfigSources& sources = machine.sources();
  const std::vector<Layer> layers = {
      file(sources.system_file),
      file(sources.user_file),
      file(machine.repository_file()),
      file(machine.local_file()),
      {"AGENT_TIMEOUT_SECONDS",
       [&](int s) { sources.environment["AGENT_TIMEOUT_SECONDS"] = StrCat(s); }},
      {"CODITECT_AGENT__TIMEOUT",
       [&](int s) { sources.environment["CODITECT_AGENT__TIMEOUT"] = StrCat(s, "s"); }},
      {"-c", [&](int s) { sources.overrides = {StrCat("agent.timeout=", s, "s")}; }},
      {"--timeout",
       [&](int s) { sources.flags = {{"--timeout", "agent.timeout", StrCat(s, "s")}}; }},
  };
  int seconds = 40;
  for (const Layer& layer : layers) {
    CAPTURE(layer.origin);
    layer.set(++seconds);
    const StatusOr<Config> config = machine.Load();
    REQUIRE(config.ok());
    CHECK_EQ(config->DurationMs("agent.timeout"), seconds * 1000);
    CHECK_EQ(config->Origin("agent.timeout"), layer.origin);
    CHECK_EQ(config->Origin("agent.max_retries"), "default");
  }
}

TEST_CASE("LaterOverrideOfTheSameKeyWins") {
  ConfigFixture machine;
  machine.sources().overrides = {"agent.max_retries=4", "agent.max_retries = 5"};
  CHECK_EQ(machine.Load()->Integer("agent.max_retries"), 5);
}

TEST_CASE("OriginNamesFileAndLine") {
  ConfigFixture machine;
  machine.Write(machine.user_file(),
                "# mine\n\nagent.max_retries = 7\n[env]\npass = [\n  \"A\",\n  \"B\",\n]\n");
  const StatusOr<Config> config = machine.Load();
  REQUIRE(config.ok());
  CHECK_EQ(config->Origin("agent.max_retries"), machine.user_file() + ":3");
  CHECK_EQ(config->Origin("env.pass"), machine.user_file() + ":5");
  CHECK_EQ(config->List("env.pass"), std::vector<std::string>{"A", "B"});
  REQUIRE_EQ(config->Files().size(), 1u);
  CHECK_EQ(config->Files()[0].path, machine.user_file());
  CHECK_EQ(config->Files()[0].settings, 2u);
}

TEST_CASE("ManagedFileLocksItsKeysAgainstEveryLayer") {
  ConfigFixture machine;
  ConfigSources& sources = machine.sources();
  machine.Write(sources.managed_file, "[agent]\nmax_retries = 1\n");
  CHECK_EQ(machine.Load()->Integer("agent.max_retries"), 1);
  CHECK_EQ(machine.Load()->Origin("agent.max_retries"), sources.managed_file + ":2");
  sources.overrides = {"agent.max_retries=1"};
  CHECK_EQ(machine.Load()->Origin("agent.max_retries"), sources.managed_file + ":2");
  sources.overrides.clear();

  const std::map<std::string, std::function<void(ConfigSources&)>> layers = {
      {"-c", [](ConfigSources& s) { s.overrides = {"agent.max_retries=2"}; }},
      {"--retries", [](ConfigSources& s) { s.flags = {{"--retries", "agent.max_retries", "2"}}; }},
      {"AGENT_MAX_RETRIES", [](ConfigSources& s) { s.environment["AGENT_MAX_RETRIES"] = "2"; }},
  };
  for (const auto& [origin, set] : layers) {
    CAPTURE(origin);
    ConfigSources changed = sources;
    set(changed);
    const Status error = LoadConfig(changed).status();
    CHECK_EQ(error.code(), absl::StatusCode::kPermissionDenied);
    CHECK(Has(error, origin + ": agent.max_retries: is locked to 1 by "));
    CHECK(Has(error, sources.managed_file + ":2; "));
  }
  for (const std::string& path :
       {sources.system_file, sources.user_file, machine.repository_file(), machine.local_file()}) {
    CAPTURE(path);
    machine.Write(path, "agent.max_retries = 2\n");
    CHECK(Has(machine.Error(), path + ":1: agent.max_retries: is locked to 1 by "));
    ::unlink(path.c_str());
  }
}

TEST_CASE("RepositoryFilesSetOnlyWhatCannotHurtItsReader") {
  ConfigFixture machine;
  const std::set<std::string_view> allowed = {"agent.timeout",    "agent.max_retries",
                                              "git.attribution",  "verify.repeat_flaky",
                                              "search.tests_max", "verify.suite_timeout"};
  for (const std::string& path : {machine.repository_file(), machine.local_file()}) {
    for (const ConfigKey& key : ConfigKeys()) {
      CAPTURE(key.name);
      machine.Write(path, TomlLine(key));
      const Status error = machine.Error();
      if (allowed.count(key.name) > 0) {
        CHECK(error.ok());
        continue;
      }
      CHECK_EQ(error.code(), absl::StatusCode::kPermissionDenied);
      CHECK(
          Has(error,
              StrCat(path, ":1:", key.name.rfind('.') + 2, ": ", key.name,
                     ": repository files cannot set it until you trust this one (`coditect "
                     "trust --dry-run` shows what it sets, `coditect trust` trusts it); or put it "
                     "into ",
                     machine.user_file())));
    }
    ::unlink(path.c_str());
  }
}

TEST_CASE("RepositoryFileMayNotLeadOutOfTheRepository") {
  ConfigFixture machine;
  machine.Write(machine.Path("home/secret"), "password = \"hunter2\"\n");
  REQUIRE_EQ(::symlink(machine.Path("home/secret").c_str(), machine.repository_file().c_str()), 0);
  const Status error = machine.Error();
  CHECK_EQ(error.code(), absl::StatusCode::kPermissionDenied);
  CHECK(Has(error, "is a link that leaves the repository"));
  CHECK_FALSE(Has(error, "password"));
  ::unlink(machine.repository_file().c_str());
  machine.Write(machine.Path("repository/real.toml"), "agent.max_retries = 8\n");
  REQUIRE_EQ(::symlink("real.toml", machine.repository_file().c_str()), 0);
  CHECK_EQ(machine.Load()->Integer("agent.max_retries"), 8);
}

TEST_CASE("FileNamedByConfigFlagMustExist") {
  ConfigFixture machine;
  machine.sources().user_file_required = true;
  CHECK_EQ(machine.Error().code(), absl::StatusCode::kNotFound);
  CHECK(Has(machine.Error(), machine.user_file() + ": no such file; check its name"));
}

TEST_CASE("StandardPlacesFollowXdg") {
  const auto user = [](std::map<std::string, std::string> environment) {
    return StandardConfigSources(std::move(environment), "/r").user_file;
  };
  CHECK_EQ(user({{"HOME", "/home/ada"}}), "/home/ada/.config/coditect/config.toml");
  CHECK_EQ(user({{"HOME", "/h"}, {"XDG_CONFIG_HOME", "/x"}}), "/x/coditect/config.toml");
  CHECK_EQ(user({{"HOME", "/h"}, {"XDG_CONFIG_HOME", ""}}), "/h/.config/coditect/config.toml");
  CHECK_EQ(user({{"HOME", "/h"}, {"XDG_CONFIG_HOME", "rel"}}), "/h/.config/coditect/config.toml");
  CHECK_EQ(user({}), "");
  const ConfigSources sources = StandardConfigSources({{"A", "b"}}, "/r");
  CHECK_EQ(sources.system_file, "/etc/coditect/coditect.toml");
  CHECK_EQ(sources.managed_file, "/etc/coditect/managed.toml");
  CHECK_EQ(sources.repository, "/r");
  CHECK_EQ(sources.environment.at("A"), "b");
}

TEST_CASE("HomeThatIsNoFolderIsNoProblem") {
  ConfigFixture machine;
  machine.sources().user_file = "/dev/null/.config/coditect/config.toml";
  CHECK(machine.Load().ok());
}

TEST_CASE("EveryProblemIsReportedAtOnceUpToALimit") {
  ConfigFixture machine;
  machine.Write(machine.user_file(), "agent.timeout = 3\nagent.max_retries = -1\n");
  machine.sources().environment["AGENT_PARALLEL_LIMIT"] = "0";
  const std::string message = Message(machine.Error());
  CHECK_EQ(Split(message, '\n').size(), 3u);
  std::string many;
  for (int i = 0; i < 1000; ++i) many += StrCat("key", i, " = 1\n");
  machine.Write(machine.user_file(), many);
  CHECK_EQ(Split(Message(machine.Error()), '\n').size(), 11u);
  CHECK(Has(machine.Error(), "and more problems"));
}

TEST_CASE("OfflineBrainIsNotedNotWarned") {
  ConfigFixture machine;
  CHECK(machine.Load()->Note("llm.brain").find("no model adapter") != std::string::npos);
  machine.sources().overrides = {"llm.brain=offline"};
  CHECK_EQ(machine.Load()->Note("llm.brain"), "");
  machine.sources().overrides = {"llm.brain=llm"};
  CHECK_EQ(machine.Error().code(), absl::StatusCode::kUnimplemented);
}

TEST_CASE("LaterVersionsChoicesAreRefusedByName") {
  ConfigFixture machine;
  for (const char* setting : {"agent.sandbox=wasm", "agent.sandbox=docker", "storage.mode=cluster",
                              "task_queue.violation_action=replan", "llm.brain=llm", "llm.model=x",
                              "orchestrator.cache_ttl=24h"}) {
    CAPTURE(std::string(setting));
    machine.sources().overrides = {setting};
    CHECK_EQ(machine.Error().code(), absl::StatusCode::kUnimplemented);
    CHECK(Has(machine.Error(), "is not in this version; "));
  }
}

}  // namespace coditect
