// Rules of the environment layer: the design document's 14 variables and CODITECT_SECTION__KEY.
#include <doctest/doctest.h>

#include "src/app/config/fixture.h"
#include "src/base/strings.h"

namespace coditect {
namespace {

constexpr absl::StatusCode kFine = absl::StatusCode::kOk;
constexpr absl::StatusCode kInvalid = absl::StatusCode::kInvalidArgument;
constexpr absl::StatusCode kRefused = absl::StatusCode::kUnimplemented;

struct VariableRow {
  const char* variable;
  const char* text;
  const char* key;
  absl::StatusCode code;
  const char* shown;  // the value as TOML, or a part of the error
};

void Check(const VariableRow& row) {
  CAPTURE(std::string(row.variable));
  CAPTURE(std::string(row.text));
  ConfigFixture machine;
  machine.sources().environment[row.variable] = row.text;
  const StatusOr<Config> config = machine.Load();
  CHECK_EQ(config.status().code(), row.code);
  if (row.code == kFine && config.ok()) {
    const ConfigKey* key = FindConfigKey(row.key);
    REQUIRE(key != nullptr);
    const ConfigEntry& entry = config->Entries()[key - ConfigKeys().data()];
    CHECK_EQ(ToToml(*key, entry.value), row.shown);
    CHECK_EQ(entry.origin, row.variable);
  } else {
    const std::string message = Message(config.status());
    CAPTURE(message);
    CHECK_EQ(message.find(StrCat(row.variable, ": ", row.key, ": ")), 0u);
    CHECK(message.find(row.shown) != std::string::npos);
  }
}

}  // namespace

TEST_CASE("EachOfTheFourteenVariablesHasItsEffectOrIsRefused") {
  const VariableRow rows[] = {
      {"ORCHESTRATOR_LLM_MODEL", "claude-3-5-sonnet", "llm.model", kRefused,
       "is not in this version; unset it"},
      {"ORCHESTRATOR_PLANNING_INTERVAL_SECONDS", "601", "orchestrator.planning_interval", kFine,
       "\"601s\""},
      {"ORCHESTRATOR_CACHE_TTL_HOURS", "24", "orchestrator.cache_ttl", kRefused,
       "is not in this version; unset it"},
      {"TASK_QUEUE_SYNC_INTERVAL_MS", "150", "task_queue.sync_interval", kFine, "\"150ms\""},
      {"TASK_QUEUE_CONSISTENCY_CHECK_ENABLED", "false", "task_queue.consistency_check", kFine,
       "false"},
      {"TASK_QUEUE_VIOLATION_ACTION", "escalate", "task_queue.violation_action", kFine,
       "\"escalate\""},
      {"AGENT_SANDBOX_TYPE", "process", "agent.sandbox", kFine, "\"process\""},
      {"AGENT_TIMEOUT_SECONDS", "45", "agent.timeout", kFine, "\"45s\""},
      {"AGENT_MAX_RETRIES", "5", "agent.max_retries", kFine, "5"},
      {"AGENT_PARALLEL_LIMIT", "20", "agent.parallel_limit", kFine, "20"},
      {"REDIS_CLUSTER_NODES", "redis-1,redis-2:7000,redis-3", "storage.redis.nodes", kFine,
       "[\"redis-1:6379\", \"redis-2:7000\", \"redis-3:6379\"]"},
      {"NATS_URL", "nats://nats.example.com:4222", "storage.nats.url", kFine,
       "\"nats://nats.example.com:4222\""},
      {"CLICKHOUSE_CLUSTER", "clickhouse.example.com:9000", "storage.clickhouse.nodes", kFine,
       "[\"clickhouse.example.com:9000\"]"},
      {"VECTOR_DB_ENDPOINT", "chromadb.example.com:8000", "storage.vector.endpoint", kFine,
       "\"chromadb.example.com:8000\""},
  };
  int variables = 0;
  for (const ConfigKey& key : ConfigKeys()) variables += key.variable.empty() ? 0 : 1;
  CHECK_EQ(variables, 14);
  CHECK_EQ(std::size(rows), 14u);
  for (const VariableRow& row : rows) Check(row);
}

TEST_CASE("VariablesKeepTheirUnitsAndRefuseOthers") {
  const VariableRow rows[] = {
      {"AGENT_TIMEOUT_SECONDS", "30s", "agent.timeout", kInvalid,
       "\"30s\" is not valid; write a whole number of seconds, without a unit, from 1 to 86400"},
      {"AGENT_TIMEOUT_SECONDS", "30 ", "agent.timeout", kInvalid, "a whole number of seconds"},
      {"AGENT_TIMEOUT_SECONDS", "1.5", "agent.timeout", kInvalid, "a whole number of seconds"},
      {"AGENT_TIMEOUT_SECONDS", "86401", "agent.timeout", kInvalid, "from 1 to 86400"},
      {"TASK_QUEUE_SYNC_INTERVAL_MS", "100ms", "task_queue.sync_interval", kInvalid,
       "a whole number of milliseconds, without a unit, from 10 to 10000"},
      {"TASK_QUEUE_CONSISTENCY_CHECK_ENABLED", "yes", "task_queue.consistency_check", kInvalid,
       "\"yes\" is not valid; write true or false"},
      {"TASK_QUEUE_VIOLATION_ACTION", "replan", "task_queue.violation_action", kRefused,
       "\"replan\" is not in this version; use escalate"},
      {"AGENT_SANDBOX_TYPE", "wasm", "agent.sandbox", kRefused,
       "\"wasm\" is not in this version; use auto, process or none"},
      {"AGENT_SANDBOX_TYPE", "docker", "agent.sandbox", kRefused, "not in this version"},
      {"AGENT_PARALLEL_LIMIT", "1001", "agent.parallel_limit", kInvalid, "from 1 to 1000"},
      {"NATS_URL", "http://nats:4222", "storage.nats.url", kInvalid,
       "has an unknown scheme; use nats, tls, ws or wss"},
  };
  for (const VariableRow& row : rows) Check(row);
}

TEST_CASE("EveryKeyHasItsCoditectVariable") {
  for (const ConfigKey& key : ConfigKeys()) {
    if (key.effect == KeyEffect::kRefused) continue;
    std::vector<std::string> texts = DisplayTexts(key, DefaultValue(key));
    if (key.type == ValueType::kNodes) texts = {"a:1", "b:2"};
    if (key.type == ValueType::kUrl) texts = {"a:1"};
    if (key.type == ValueType::kNames) texts = {"LANG", "TZ"};
    const std::string variable = ConfigVariable(key);
    CAPTURE(variable);
    ConfigFixture machine;
    machine.sources().environment[variable] = Join(texts, ",");
    const StatusOr<Config> config = machine.Load();
    REQUIRE(config.ok());
    CHECK_EQ(config->Origin(key.name), variable);
    CHECK_EQ(DisplayTexts(key, config->Entries()[&key - ConfigKeys().data()].value), texts);
  }
  CHECK_EQ(ConfigVariable(*FindConfigKey("agent.max_retries")), "CODITECT_AGENT__MAX_RETRIES");
}

TEST_CASE("MisspeltCoditectVariablesAreErrorsAndOthersAreLeftAlone") {
  const auto message = [](const char* variable) {
    ConfigFixture machine;
    machine.sources().environment[variable] = "30s";
    return Message(machine.Error());
  };
  CHECK_EQ(message("CODITECT_AGENT__TIMEUOT"),
           "CODITECT_AGENT__TIMEUOT: unknown key agent.timeuot (did you mean \"agent.timeout\"?); "
           "correct or unset it");
  for (const char* near : {"CODITECT_AGENT_TIMEOUT", "CODITECT_agent__timeout"}) {
    CHECK_EQ(message(near), StrCat(near,
                                   ": is no variable of coditect (did you mean "
                                   "CODITECT_AGENT__TIMEOUT?); correct or unset it"));
  }
  CHECK_EQ(message("CODITECT_STATE_DIR"), "");
  CHECK_EQ(message("CODITECTOR__X"), "");
}

TEST_CASE("UnsetAndEmptyVariablesAreToldApart") {
  for (const char* variable : {"AGENT_TIMEOUT_SECONDS", "CODITECT_AGENT__TIMEOUT", "NATS_URL"}) {
    ConfigFixture machine;
    CHECK(machine.Load().ok());
    machine.sources().environment[variable] = "";
    const std::string message = Message(machine.Error());
    CAPTURE(message);
    CHECK_EQ(machine.Error().code(), kInvalid);
    CHECK_EQ(message.find(StrCat(variable, ": ")), 0u);
    CHECK(message.find(": is set but empty; unset it") != std::string::npos);
  }
}

TEST_CASE("StorageAddressesGiveOneWarningInTotal") {
  ConfigFixture machine;
  machine.Write(machine.user_file(), "[storage.redis]\nnodes = [\"r\"]\n");
  machine.sources().environment = {{"NATS_URL", "nats://u:secret@n:4222"},
                                   {"VECTOR_DB_ENDPOINT", "v:1"}};
  machine.sources().overrides = {"storage.clickhouse.nodes=c"};
  const std::vector<std::string> warnings = machine.Load()->Warnings();
  REQUIRE_EQ(warnings.size(), 1u);
  CHECK_EQ(warnings[0],
           StrCat("embedded storage is used; no effect in this version: storage.redis.nodes (",
                  machine.user_file(),
                  ":2), storage.nats.url (NATS_URL), storage.clickhouse.nodes (-c), "
                  "storage.vector.endpoint (VECTOR_DB_ENDPOINT)"));
}

}  // namespace coditect
