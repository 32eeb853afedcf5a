// The one table of configuration keys.
#include "src/app/config/keys.h"

#include <vector>

#include "absl/strings/ascii.h"

#include "src/base/strings.h"

namespace coditect {
namespace {

constexpr int64_t kSecond = 1000;
constexpr int64_t kHour = 3600 * kSecond;
constexpr int64_t kDay = 24 * kHour;

constexpr ConfigKey kKeys[] = {
    {.name = "llm.brain",
     .type = ValueType::kChoice,
     .default_text = "auto",
     .choices = {"auto", "offline"},
     .later = {"llm"},
     .help =
         "Who finds repairs; auto is the offline brain, for this version has no model adapter."},
    {.name = "llm.model",
     .effect = KeyEffect::kRefused,
     .variable = "ORCHESTRATOR_LLM_MODEL",
     .help = "The model that agents ask."},
    {.name = "orchestrator.planning_interval",
     .type = ValueType::kDuration,
     .default_text = "10m",
     .min = kSecond,
     .max = kDay,
     .variable = "ORCHESTRATOR_PLANNING_INTERVAL_SECONDS",
     .variable_unit_ms = kSecond,
     .help = "How often every open run is examined again."},
    {.name = "orchestrator.cache_ttl",
     .type = ValueType::kDuration,
     .default_text = "24h",
     .min = kHour,
     .max = 365 * kDay,
     .effect = KeyEffect::kRefused,
     .variable = "ORCHESTRATOR_CACHE_TTL_HOURS",
     .variable_unit_ms = kHour,
     .help = "How long answers of a model are kept."},
    {.name = "task_queue.sync_interval",
     .type = ValueType::kDuration,
     .default_text = "100ms",
     .min = 10,
     .max = 10 * kSecond,
     .variable = "TASK_QUEUE_SYNC_INTERVAL_MS",
     .variable_unit_ms = 1,
     .help =
         "How often what should run is compared with what runs; dispatch does not wait for it."},
    {.name = "task_queue.consistency_check",
     .type = ValueType::kBool,
     .default_text = "true",
     .variable = "TASK_QUEUE_CONSISTENCY_CHECK_ENABLED",
     .help = "Whether each result is compared with what its action was expected to do."},
    {.name = "task_queue.violation_action",
     .type = ValueType::kChoice,
     .default_text = "escalate",
     .choices = {"escalate"},
     .later = {"replan"},
     .variable = "TASK_QUEUE_VIOLATION_ACTION",
     .help = "What follows a result that differs from what was expected."},
    {.name = "agent.sandbox",
     .type = ValueType::kChoice,
     .default_text = "auto",
     .choices = {"auto", "process", "none"},
     .later = {"wasm", "docker"},
     .variable = "AGENT_SANDBOX_TYPE",
     .help = "What a repository's code runs in; auto takes the best of this machine, none does not "
             "isolate."},
    {.name = "agent.timeout",
     .type = ValueType::kDuration,
     .default_text = "30s",
     .min = 100,
     .max = kDay,
     .repository_may = true,
     .variable = "AGENT_TIMEOUT_SECONDS",
     .variable_unit_ms = kSecond,
     .help = "The longest that one action of an agent, or one candidate repair, may run."},
    {.name = "agent.max_retries",
     .type = ValueType::kInteger,
     .default_text = "3",
     .max = 100,
     .repository_may = true,
     .variable = "AGENT_MAX_RETRIES",
     .help = "How often a failed task is tried again."},
    {.name = "agent.parallel_limit",
     .type = ValueType::kInteger,
     .default_text = "10",
     .min = 1,
     .max = 1000,
     .variable = "AGENT_PARALLEL_LIMIT",
     .help = "How many agents may work at once."},
    {.name = "approve.mode",
     .type = ValueType::kChoice,
     .default_text = "none",
     .choices = {"none", "plan", "merge", "all"},
     .help = "What waits for a person's approval: nothing, the plan, the delivery or both. Changed "
             "tests always do."},
    {.name = "approve.protected",
     .type = ValueType::kGlobs,
     .default_text = ".github/**,**/*.pem",
     .help = "Paths whose change waits for a person's approval, whatever approve.mode says."},
    {.name = "git.attribution",
     .type = ValueType::kChoice,
     .default_text = "assisted-by",
     .choices = {"assisted-by", "co-authored-by", "none"},
     .repository_may = true,
     .help = "The trailer that names coditect in its commits."},
    {.name = "verify.test",
     .default_text = "auto",
     .help = "The command that runs the tests; auto finds it."},
    {.name = "verify.repeat_flaky",
     .type = ValueType::kInteger,
     .default_text = "3",
     .min = 2,
     .max = 20,
     .repository_may = true,
     .help = "How often a failing test is run before work starts, to tell flaky tests."},
    {.name = "verify.suite_timeout",
     .type = ValueType::kDuration,
     .default_text = "30m",
     .min = kSecond,
     .max = kDay,
     .repository_may = true,
     .help = "The longest that one run of the whole test suite may take."},
    {.name = "search.tests_max",
     .type = ValueType::kInteger,
     .default_text = "2000000",
     .min = 1,
     .max = 1'000'000'000,
     .repository_may = true,
     .help = "How many tests may be executed in search of a repair."},
    {.name = "run.max_time",
     .type = ValueType::kDuration,
     .default_text = "0s",
     .min = 0,
     .max = 30 * kDay,
     .help = "How long a run may take; 0s is as long as it takes."},
    {.name = "run.agents",
     .type = ValueType::kInteger,
     .default_text = "0",
     .min = 0,
     .max = 1000,
     .help = "How many agents work on a run at once; 0 is what the machine can carry."},
    {.name = "run.seed",
     .type = ValueType::kInteger,
     .default_text = "0",
     .min = 0,
     .max = 1'000'000'000'000,
     .help = "The same repository and seed give the same result."},
    {.name = "run.deliver",
     .type = ValueType::kChoice,
     .default_text = "branch",
     .choices = {"branch", "ff", "patch"},
     .help = "How a run gives its result: a new branch, the base branch moved to it, or a file."},
    {.name = "env.pass",
     .type = ValueType::kNames,
     .help = "Variables of your environment that the code of a repository may see."},
    {.name = "storage.mode",
     .type = ValueType::kChoice,
     .default_text = "embedded",
     .choices = {"embedded"},
     .later = {"cluster"},
     .help = "Where state is kept; embedded needs no server."},
    {.name = "storage.retention",
     .type = ValueType::kDuration,
     .default_text = "30d",
     .min = kHour,
     .max = 3650 * kDay,
     .help =
         "How long what is known of a run is kept after its end. `coditect gc` forgets it, once "
         "a day by itself."},
    {.name = "storage.snapshot_events",
     .type = ValueType::kInteger,
     .default_text = "50000",
     .min = 10,
     .max = 10'000'000,
     .help = "After how many events of the ledger the state is stored, so that a start need not "
             "fold all of them."},
    {.name = "storage.redis.nodes",
     .type = ValueType::kNodes,
     .port = 6379,
     .effect = KeyEffect::kNotYet,
     .variable = "REDIS_CLUSTER_NODES",
     .help = "The nodes of a Redis cluster."},
    {.name = "storage.nats.url",
     .type = ValueType::kUrl,
     .choices = {"nats", "tls", "ws", "wss"},
     .port = 4222,
     .effect = KeyEffect::kNotYet,
     .variable = "NATS_URL",
     .help = "The address of a NATS server."},
    {.name = "storage.clickhouse.nodes",
     .type = ValueType::kNodes,
     .port = 9000,
     .effect = KeyEffect::kNotYet,
     .variable = "CLICKHOUSE_CLUSTER",
     .help = "The nodes of a ClickHouse cluster (native protocol)."},
    {.name = "storage.vector.endpoint",
     .type = ValueType::kUrl,
     .choices = {"http", "https"},
     .port = 8000,
     .effect = KeyEffect::kNotYet,
     .variable = "VECTOR_DB_ENDPOINT",
     .help = "The address of a Chroma server."},
};

constexpr size_t kSuggestedNameBytesMax = 64;

}  // namespace

std::span<const ConfigKey> ConfigKeys() { return kKeys; }

const ConfigKey* FindConfigKey(std::string_view name) {
  for (const ConfigKey& key : kKeys) {
    if (key.name == name) return &key;
  }
  return nullptr;
}

std::string SuggestConfigKey(std::string_view name) {
  std::string best;
  if (name.size() <= kSuggestedNameBytesMax) {
    std::vector<std::string> names;
    for (const ConfigKey& key : kKeys) {
      names.emplace_back(key.name);
      if (key.name.substr(key.name.rfind('.') + 1) == name) best = key.name;
    }
    if (best.empty()) best = NearestWord(name, names);
  }
  if (best.empty()) return " (`coditect config list` shows every key)";
  return StrCat(" (did you mean \"", best, "\"?)");
}

bool IsConfigSection(std::string_view name) {
  for (const ConfigKey& key : kKeys) {
    if (key.name.size() > name.size() && key.name[name.size()] == '.' &&
        key.name.substr(0, name.size()) == name) {
      return true;
    }
  }
  return false;
}

std::string ConfigVariable(const ConfigKey& key) {
  std::string out = "CODITECT_";
  for (const char c : key.name) {
    if (c == '.') {
      out += "__";
    } else {
      out += absl::ascii_toupper(static_cast<unsigned char>(c));
    }
  }
  return out;
}

std::string_view ValueTypeWord(ValueType type) {
  constexpr std::string_view kWords[] = {"text",  "boolean", "integer", "duration", "choice",
                                         "names", "nodes",   "url",     "globs"};
  return kWords[static_cast<size_t>(type)];
}

std::string JoinChoices(const KeyWords& words) {
  std::string out;
  for (size_t i = 0; i < words.size() && !words[i].empty(); ++i) {
    const bool last = i + 1 == words.size() || words[i + 1].empty();
    if (i > 0) out += last ? " or " : ", ";
    out += words[i];
  }
  return out;
}

}  // namespace coditect
