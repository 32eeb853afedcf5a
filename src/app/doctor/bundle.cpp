// `coditect doctor --bundle FILE`.
#include "src/app/doctor/bundle.h"

#include <pwd.h>
#include <sys/utsname.h>
#include <unistd.h>

#include <algorithm>

#include "src/app/commands/reading.h"
#include "src/app/doctor/redaction.h"
#include "src/app/journal.h"
#include "src/app/request.h"
#include "src/app/run_report.h"
#include "src/wire/json.h"

namespace coditect {
namespace {

constexpr size_t kRunsMax = 5;
constexpr size_t kEventsMax = 400;  // of one run, the last ones

/// Keys of events whose texts are words of ours: ids, kinds and states.
const std::vector<std::string>& OurKeys() {
  static const auto* keys = new std::vector<std::string>{
      "timestamp", "level",   "trace_id", "span_id", "agent_id", "event_type", "topic",
      "run",       "task",    "task_id",  "epoch",   "role",     "kind",       "state",
      "status",    "outcome", "host_id",  "from",    "to",       "tier",       "mission_id"};
  return *keys;
}

Redaction RedactionFor(const GlobalOptions& global) {
  const auto environment = ProcessEnvironment();
  std::vector<std::pair<std::string, std::string>> places;
  const auto resolved = ResolveRepository(Context(), global.folder, "");
  if (resolved.ok()) places.emplace_back(resolved->ref.path, "[repository]");
  if (const auto paths = FindStatePaths(environment); paths.ok()) {
    places.emplace_back(paths->state, "[state]");
  }
  if (const auto home = environment.find("HOME"); home != environment.end()) {
    places.emplace_back(home->second, "~");
  }
  const passwd* user = ::getpwuid(::geteuid());  // the command line has one thread here
  utsname names{};
  ::uname(&names);
  return {environment, std::move(places), user == nullptr ? "" : user->pw_name, names.nodename};
}

/// What the repository's own files decide is not told, only whether it is well.
Check Redacted(const Check& check, const Redaction& redaction) {
  Check out = check;
  out.detail = check.group == "repository" && check.state != "ok" && check.name != "note"
                   ? StrCat("[", Counted(check.detail.size(), "byte"), "]")
                   : redaction.Apply(check.detail);
  if (check.group == "repository" && check.state == "ok") {
    out.detail = StrCat("[", Counted(check.detail.size(), "byte"), "]");
  }
  out.fix = redaction.Apply(check.fix);
  return out;
}

/// Values that were chosen among words of ours are told; free ones are not.
std::string ConfigJson(const GlobalOptions& global, const Redaction& redaction) {
  const auto resolved = ResolveRepository(Context(), global.folder, "");
  const auto config =
      LoadCommandConfig(global, resolved.ok() ? resolved->ref.path : std::string(), {});
  if (!config.ok()) return "{\"valid\":false}";
  std::string out = "{\"valid\":true,\"keys\":[";
  for (const ConfigEntry& entry : config->Entries()) {
    const ConfigKey& key = *entry.key;
    const bool plain = key.type == ValueType::kBool || key.type == ValueType::kInteger ||
                       key.type == ValueType::kDuration || key.type == ValueType::kChoice;
    const std::string text = ToJson(key, entry.value);
    out += &entry == &config->Entries().front() ? "{" : ",{";
    wire::JsonFields fields(out);
    fields.Field("key", key.name);
    fields.Field("origin", redaction.Apply(entry.origin));
    out += plain || entry.value == DefaultValue(key) ? ",\"value\":" + text
                                                     : StrCat(",\"value_bytes\":", text.size());
    out += "}";
  }
  return out + "]}";
}

std::string RunJson(const Reading& reading, const MissionState& mission) {
  std::string out = "{";
  wire::JsonFields fields(out);
  fields.Field("run", mission.id);
  fields.Field("status", StatusWord(mission, reading.owned));
  fields.Field("requested", Timestamp(mission.requested_wall_ms));
  fields.Field("tasks", static_cast<uint64_t>(mission.tasks.size()));
  fields.Field("plan_version", mission.plan_version);
  std::vector<std::string> lines;
  const auto add = [&](const Event& event) {
    if (event.mission_id != mission.id) return;
    lines.push_back(
        ShapeOfJson(JournalLine(event, mission.id, mission.request.trace_id), OurKeys()));
  };
  (void)reading.tail->History(Context(), add);  // what can be read
  const SystemClock clock;
  if (const auto bus = OpenTelemetry(reading.paths, "", /*read_only=*/true, clock); bus.ok()) {
    const auto acts = (*bus)->Read(Context(), mission.id);
    for (const BusEvent& act : acts.value_or(std::vector<BusEvent>())) {
      lines.push_back(ShapeOfJson(JournalLine(act), OurKeys()));
    }
  }
  std::sort(lines.begin(), lines.end());  // each begins with its time
  if (lines.size() > kEventsMax) lines.erase(lines.begin(), lines.end() - kEventsMax);
  return StrCat(out, ",\"events\":[", Join(lines, ","), "]}");
}

std::string RunsJson() {
  const auto reading = ReadLedger(Context());
  if (!reading.ok()) return "[]";
  std::vector<std::string> runs;
  for (auto id = reading->order.rbegin(); id != reading->order.rend(); ++id) {
    if (runs.size() == kRunsMax) break;
    runs.push_back(RunJson(*reading, *reading->tail->state().Find(*id)));
  }
  return StrCat("[", Join(runs, ","), "]");
}

}  // namespace

std::string BundleJson(const GlobalOptions& global, const std::vector<Check>& checks) {
  const Redaction redaction = RedactionFor(global);
  std::vector<Check> redacted;
  for (const Check& check : checks) redacted.push_back(Redacted(check, redaction));
  const SystemClock clock;
  std::string out = "{";
  wire::JsonFields fields(out);
  fields.Field("schema", std::string_view("coditect.bundle/v1"));
  fields.Field("build", BuildId());
  fields.Field("made", Timestamp(clock.WallMs()));
  fields.Field("checks", redacted);
  out += StrCat(",\"configuration\":", ConfigJson(global, redaction));
  return StrCat(out, ",\"runs\":", RunsJson(), "}\n");
}

}  // namespace coditect
