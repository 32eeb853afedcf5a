// Bad configuration, one row each: research/reliability.md section 6, items 1 to 22.
#include <doctest/doctest.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <atomic>
#include <functional>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "src/app/config/fixture.h"
#include "src/app/config/verbs.h"
#include "src/base/strings.h"

namespace coditect {
namespace {

using absl::StatusCode;

constexpr StatusCode kFine = StatusCode::kOk;
constexpr StatusCode kInvalid = StatusCode::kInvalidArgument;

struct BadInput {
  int item;  // of the list
  std::string name;
  std::function<void(ConfigFixture&)> arrange;
  std::vector<std::string> parts;  // of the message, FILE standing for the user file
  StatusCode code = kInvalid;
};

BadInput InFile(int item, std::string name, std::string text, std::vector<std::string> parts,
                StatusCode code = kInvalid) {
  const auto arrange = [text = std::move(text)](ConfigFixture& m) { m.Write(m.user_file(), text); };
  return {item, std::move(name), arrange, std::move(parts), code};
}

BadInput InVariable(int item, std::string variable, std::string text,
                    std::vector<std::string> parts, StatusCode code = kInvalid) {
  const auto arrange = [=](ConfigFixture& m) { m.sources().environment[variable] = text; };
  return {item, variable + "=" + text, arrange, std::move(parts), code};
}

BadInput InOverride(int item, std::string name, std::string text, std::vector<std::string> parts) {
  const auto arrange = [text = std::move(text)](ConfigFixture& m) {
    m.sources().overrides = {text};
  };
  return {item, std::move(name), arrange, std::move(parts)};
}

std::string Repeat(std::string_view text, int count) {
  std::string out;
  for (int i = 0; i < count; ++i) out += text;
  return out;
}

std::vector<BadInput> EncodingRows() {
  const std::string utf8 = ": bytes that are not UTF-8; save the file as UTF-8";
  return {
      InFile(1, "empty file", "", {"agent.timeout = \"30s\""}, kFine),
      InFile(2, "BOM",
             "\xef\xbb\xbf"
             "agent.timeout = \"9s\"\n",
             {"\"9s\""}, kFine),
      InFile(2, "UTF-16 BOM",
             std::string("\xff\xfe"
                         "a\0",
                         4),
             {"FILE:1:1" + utf8}),
      InFile(3, "CRLF", "[agent]\r\ntimeout = \"9s\"\r\n", {"\"9s\""}, kFine),
      InFile(3, "CRLF and an error", "[agent]\r\ntimeout = 9\r\n",
             {"FILE:2:11: agent.timeout: found a whole number; write a duration from 100ms to 24h "
              "such as \"30s\""}),
      InFile(4, "NUL", std::string("[agent]\ntime\0out = 1\n", 21),
             {"FILE:2:5: a NUL byte; remove it"}),
      InFile(4, "escaped NUL", "verify.test = \"a\\u0000b\"",
             {"FILE:1:15: verify.test: has a NUL character in it; remove that"}),
      InFile(5, "invalid UTF-8", "# h\xc3\xa9llo\n# \xff\n", {"FILE:2:3" + utf8}),
      InFile(5, "cut UTF-8", "# h\xc3", {"FILE:1:4" + utf8}),
  };
}

std::vector<BadInput> KeyRows() {
  return {
      InFile(6, "duplicate key", "[agent]\nmax_retries = 1\nmax_retries = 2\n",
             {"FILE:3:", "cannot redefine existing integer 'max_retries'", "; correct the TOML"}),
      InFile(7, "unknown key", "\n[agent]\n  timeuot = \"3s\"\n",
             {"FILE:3:3: unknown key agent.timeuot (did you mean \"agent.timeout\"?); correct or "
              "remove it"}),
      InFile(7, "unknown section", "[workers.opencode]\nmax = 4\n",
             {"FILE:2:1: unknown key workers.opencode.max (`coditect config list` shows every "
              "key); correct or remove it"}),
      InFile(7, "unknown empty section", "[telemetry]\n", {"FILE:1:2: unknown key telemetry"}),
      InFile(7, "key without its section", "timeout = \"3s\"\n",
             {"FILE:1:1: unknown key timeout (did you mean \"agent.timeout\"?)"}),
      InFile(7, "section as a key", "agent = 3\n",
             {"FILE:1:1: agent: is a section, not a key; set agent.NAME instead"}),
      InFile(7, "key with a dot in quotes", "\"agent.timeout\" = \"3s\"\n",
             {"FILE:1:1: unknown key"}),
      InVariable(7, "CODITECT_AGENT__TIMEUOT", "1s",
                 {"CODITECT_AGENT__TIMEUOT: unknown key", "did you mean \"agent.timeout\"?"}),
      InOverride(
          7, "unknown override", "agent.timeuot=1s",
          {"-c: unknown key agent.timeuot (did you mean \"agent.timeout\"?)", "leave it out"}),
      InOverride(7, "override without a value", "agent.timeout",
                 {"-c: agent.timeout: has no value; write -c agent.timeout=VALUE"}),
      InFile(15, "unclosed quote", "[verify]\ntest = \"pytest\n",
             {"FILE:2:", "; correct the TOML"}),
      InFile(15, "unclosed header", "[$", {"FILE:1:2: ", "; correct the TOML"}),
  };
}

std::vector<BadInput> SizeRows() {
  const std::string megabytes(size_t{10} << 20, 'x');
  return {
      InFile(13, "10 MiB string", "verify.test = \"" + megabytes + "\"\n",
             {"FILE is larger than 1048576 bytes; correct or remove FILE"},
             StatusCode::kResourceExhausted),
      InFile(13, "64 KiB string", "\nverify.test = \"" + megabytes.substr(0, 65536) + "\"\n",
             {"FILE:2:15: verify.test: is longer than 4096 bytes; shorten it"}),
      InOverride(13, "10 MiB override", "verify.test=" + megabytes,
                 {"-c: verify.test: is longer than 4096 bytes"}),
      InOverride(13, "10 MiB name", megabytes, {"-c: unknown key \"xxx"}),
      InFile(14, "nested lists", "a = " + Repeat("[", 10'000),
             {"FILE:1:21: nested deeper than 16 levels; flatten it"}),
      InFile(14, "nested tables", "a = " + Repeat("{a=", 10'000),
             {"FILE:1:", "nested deeper than 16 levels"}),
      InFile(14, "dotted name", "a" + Repeat(".a", 10'000) + " = 1",
             {"FILE:1:", "nested deeper than 16 levels"}),
      InFile(14, "dotted header", "[a" + Repeat(" . \"a\"", 10'000) + "]",
             {"FILE:1:", "nested deeper than 16 levels"}),
  };
}

std::vector<BadInput> TypeRows() {
  return {
      InFile(8, "text for a number", "agent.max_retries = \"3\"\n",
             {"FILE:1:21: agent.max_retries: found text; write a whole number from 0 to 100"}),
      InFile(8, "number for a boolean", "task_queue.consistency_check = 1\n",
             {"FILE:1:32: task_queue.consistency_check: found a whole number; write true or "
              "false"}),
      InFile(8, "text for a list", "env.pass = \"A\"\n",
             {"FILE:1:12: env.pass: found text; write a list of variable names such as"}),
      InFile(8, "list of numbers", "env.pass = [1]\n",
             {"env.pass: found a list of something else than text"}),
      InFile(8, "table for a value", "agent.timeout = {}\n", {"found a table"}),
      InFile(8, "date for a value", "agent.timeout = 2026-01-01\n", {"found a date"}),
      InFile(8, "wrong choice", "agent.sandbox = \"proces\"\n",
             {"FILE:1:17: agent.sandbox: \"proces\" is not valid; write auto, process or none"}),
      InFile(8, "not a variable name", "env.pass = [\"A=B\"]\n",
             {"FILE:1:12: env.pass: entry 1 of 1 (\"A=B\") is no variable name"}),
      InFile(12, "NaN", "agent.max_retries = nan\n",
             {"FILE:1:21: agent.max_retries: found a float; write a whole number from 0 to 100"}),
      InFile(12, "inf", "agent.timeout = inf\n", {"FILE:1:17: ", "found a float"}),
      InOverride(12, "inf override", "agent.timeout=inf",
                 {"-c: agent.timeout: \"inf\" is not valid; write a duration"}),
  };
}

std::vector<BadInput> RangeRows() {
  const std::string duration = "write a duration from 100ms to 24h such as ";
  const std::string seconds = "write a whole number of seconds, without a unit, from 1 to 86400";
  const std::string count = "write a whole number from 0 to 100";
  return {
      InFile(9, "int64 overflow", "agent.max_retries = 99999999999999999999\n",
             {"FILE:1:", "is not representable in 64 bits", "; correct the TOML"}),
      InVariable(9, "AGENT_MAX_RETRIES", "99999999999999999999",
                 {"AGENT_MAX_RETRIES: agent.max_retries: ", count}),
      InFile(9, "duration overflow", "agent.timeout = \"9223372036854775807h\"\n",
             {"FILE:1:17: agent.timeout: ", duration}),
      InFile(10, "negative timeout", "[agent]\ntimeout = \"-5s\"\n",
             {"FILE:2:11: agent.timeout: \"-5s\" is not valid; ", duration}),
      InVariable(10, "AGENT_TIMEOUT_SECONDS", "-5",
                 {"AGENT_TIMEOUT_SECONDS: agent.timeout: \"-5\" is not valid; ", seconds}),
      InFile(10, "negative count", "agent.max_retries = -1\n",
             {"FILE:1:21: agent.max_retries: \"-1\" is not valid; ", count}),
      InFile(11, "0 interval", "task_queue.sync_interval = \"0ms\"\n",
             {"FILE:1:28: task_queue.sync_interval: \"0ms\" is not valid; write a duration from "
              "10ms to 10s such as \"100ms\""}),
      InVariable(11, "TASK_QUEUE_SYNC_INTERVAL_MS", "0",
                 {"TASK_QUEUE_SYNC_INTERVAL_MS: ", "without a unit, from 10 to 10000"}),
      {16, "unset variable", [](ConfigFixture&) {}, {"agent.timeout = \"30s\""}, kFine},
      InVariable(16, "AGENT_TIMEOUT_SECONDS", "",
                 {"AGENT_TIMEOUT_SECONDS: agent.timeout: is set but empty; unset it"}),
      InOverride(16, "empty override",
                 "agent.timeout=", {"-c: agent.timeout: is empty; ", duration}),
      InFile(16, "empty text", "verify.test = \" \"\n",
             {"FILE:1:15: verify.test: is empty; write text"}),
      InVariable(17, "AGENT_TIMEOUT_SECONDS", "30s", {"AGENT_TIMEOUT_SECONDS: ", seconds}),
      InOverride(17, "duration without a unit", "agent.timeout=30",
                 {"-c: agent.timeout: \"30\" is not valid; ", duration}),
  };
}

std::vector<BadInput> AddressRows() {
  return {
      InVariable(18, "REDIS_CLUSTER_NODES", "a,b,",
                 {"REDIS_CLUSTER_NODES: storage.redis.nodes: entry 3 of 3 is empty; write "
                  "host:port, without a comma at the end"}),
      InVariable(18, "REDIS_CLUSTER_NODES", "a, b",
                 {"REDIS_CLUSTER_NODES: ", "entry 2 of 2 has blanks around it"}),
      InFile(18, "empty list", "storage.redis.nodes = []\n",
             {"FILE:1:23: storage.redis.nodes: is an empty list; write a list such as"}),
      InOverride(18, "too many nodes", "storage.redis.nodes=a" + Repeat(",a", 100),
                 {"-c: storage.redis.nodes: has more than 100 entries"}),
      InVariable(
          19, "CLICKHOUSE_CLUSTER", "c:0",
          {"CLICKHOUSE_CLUSTER: ", "entry 1 of 1 has a port that is no number from 1 to 65535"}),
      InFile(19, "port 65536", "[storage.vector]\nendpoint = \"http://c:65536\"\n",
             {"FILE:2:12: storage.vector.endpoint: has a port that is no number from 1 to "
              "65535"}),
  };
}

std::vector<BadInput> PasswordRows() {
  const auto in_repository = [](ConfigFixture& m) {
    m.Write(m.repository_file(), "storage.nats.url = \"nats://ada:hunter2@n\"\n");
  };
  const auto locked = [](ConfigFixture& m) {
    m.Write(m.sources().managed_file, "storage.nats.url = \"nats://a:hunter2@n\"\n");
    m.sources().overrides = {"storage.nats.url=nats://b:hunter2@n"};
  };
  return {
      InVariable(20, "NATS_URL", "nats://ada:hunter2@n:4222", {"nats://***@n:4222"}, kFine),
      InVariable(20, "NATS_URL", "nats://ada:hunter2@n:0",
                 {"NATS_URL: storage.nats.url: has a port"}),
      InVariable(20, "NATS_URL", "nats://ada:hun/ter@hunter2@n",
                 {"NATS_URL: storage.nats.url: has an @ after its host"}),
      InOverride(20, "URL in the wrong place", "agent.timeout=nats://ada:hunter2@n",
                 {"-c: agent.timeout: \"nats://***@n\" is not valid"}),
      InFile(20, "URL as a name", "\"nats://ada:hunter2@n\" = 1\n", {"unknown key"}),
      InFile(20, "unclosed URL", "storage.nats.url = \"nats://ada:hunter2@n\n", {"FILE:1:"}),
      InVariable(20, "REDIS_CLUSTER_NODES", "ada:hunter2@r:1",
                 {"entry 1 of 1 has a user or password; write host:port only"}),
      {20,
       "URL of the repository",
       in_repository,
       {"storage.nats.url: repository files cannot set it"},
       StatusCode::kPermissionDenied},
      {20,
       "locked URL",
       locked,
       {"is locked to \"nats://***@n\" by "},
       StatusCode::kPermissionDenied},
  };
}

// As somebody who is not root, for whom modes count.
void LoadAsNobody(ConfigFixture& m) {
  m.Write(m.user_file(), "");
  ::chmod(m.user_file().c_str(), 0);
  ::chmod(m.folder().c_str(), 0755);
  ::chmod(m.Path("home").c_str(), 0755);
  if (::geteuid() == 0) REQUIRE_EQ(::seteuid(65534), 0);
}

std::vector<BadInput> FileRows() {
  const auto link = [](const char* target) {
    return [target](ConfigFixture& m) { REQUIRE_EQ(::symlink(target, m.user_file().c_str()), 0); };
  };
  const auto folder = [](ConfigFixture& m) { MakeDirs(m.user_file()).IgnoreError(); };
  const auto fifo = [](ConfigFixture& m) { ::mkfifo(m.user_file().c_str(), 0600); };
  const std::string next = "; correct or remove FILE";
  const std::string irregular = "FILE is not a regular file" + next;
  return {
      {21,
       "link loop",
       link("config.toml"),
       {"cannot read FILE", next},
       StatusCode::kFailedPrecondition},
      {21,
       "dangling link",
       link("nothing.toml"),
       {"cannot read FILE", next},
       StatusCode::kNotFound},
      {21, "link to a device", link("/dev/zero"), {irregular}},
      {21, "folder", folder, {irregular}},
      {21, "FIFO", fifo, {irregular}},
      {21, "unreadable", LoadAsNobody, {"cannot read FILE", next}, StatusCode::kPermissionDenied},
      {21,
       "unreadable content",
       link("/proc/self/mem"),
       {"cannot read FILE", next},
       StatusCode::kFailedPrecondition},
  };
}

std::string Expand(const std::string& part, const std::string& user_file) {
  std::string out = part;
  for (size_t at; (at = out.find("FILE")) != std::string::npos;) out.replace(at, 4, user_file);
  return out;
}

void CheckRow(const BadInput& row) {
  CAPTURE(row.item);
  CAPTURE(row.name);
  ConfigFixture machine;
  row.arrange(machine);
  const StatusOr<Config> config = machine.Load();
  const VerbOutput list = ConfigList(machine.sources(), {.show_origin = true});
  if (::geteuid() != ::getuid()) REQUIRE_EQ(::seteuid(::getuid()), 0);
  const std::string shown = config.ok() ? list.output + list.messages : Message(config.status());
  CAPTURE(shown);
  CHECK_EQ(config.status().code(), row.code);
  CHECK_EQ(list.exit_code, config.ok() ? 0 : 2);
  for (const std::string& part : row.parts) {
    CHECK(shown.find(Expand(part, machine.user_file())) != std::string::npos);
  }
  CHECK(shown.find("hunter2") == std::string::npos);
  CHECK(list.messages.find("hunter2") == std::string::npos);
  CHECK_LT(shown.size(), 8192u);
}

}  // namespace

TEST_CASE("EveryBadInputIsATypedErrorWithPlaceAndNextStep") {
  std::set<int> items = {22};  // has a test of its own
  for (const std::vector<BadInput>& rows :
       {EncodingRows(), KeyRows(), SizeRows(), TypeRows(), RangeRows(), AddressRows(),
        PasswordRows(), FileRows()}) {
    for (const BadInput& row : rows) {
      CheckRow(row);
      items.insert(row.item);
    }
  }
  for (int item = 1; item <= 22; ++item) CHECK_EQ(items.count(item), 1u);
}

TEST_CASE("FileThatChangesWhileReadIsReadOnce") {
  ConfigFixture machine;
  const auto text = [](int n) {
    return StrCat("agent.max_retries = ", n, "\nverify.repeat_flaky = ", n, "\n");
  };
  const std::string next = machine.Path("home/next");
  machine.Write(machine.user_file(), text(2));
  std::atomic<bool> stop = false;
  std::thread writer([&] {
    for (int n = 0; !stop; ++n) {
      machine.Write(next, text(2 + n % 10));
      ::rename(next.c_str(), machine.user_file().c_str());
    }
  });
  for (int i = 0; i < 300; ++i) {
    const StatusOr<Config> config = machine.Load();
    REQUIRE(config.ok());
    CHECK_EQ(config->Integer("agent.max_retries"), config->Integer("verify.repeat_flaky"));
    CHECK_EQ(config->Files().size(), 1u);
  }
  stop = true;
  writer.join();
}

}  // namespace coditect
