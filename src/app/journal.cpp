// Ledger events and telemetry in one schema.
#include "src/app/journal.h"

#include <stdio.h>
#include <time.h>

#include <algorithm>

#include "src/base/sha256.h"
#include "src/wire/event_codec.h"
#include "src/wire/json.h"

namespace coditect {
namespace {

std::string Upper(std::string_view name) {
  std::string out(name);
  std::transform(out.begin(), out.end(), out.begin(),
                 [](char c) { return static_cast<char>(c >= 'a' && c <= 'z' ? c - 32 : c); });
  return out;
}

/// Which stream of the source design an event of the ledger belongs to.
std::string_view TopicOf(const EventBody& body) {
  if (std::holds_alternative<ViolationFound>(body) || std::holds_alternative<TaskFailed>(body) ||
      std::holds_alternative<TaskQuarantined>(body) ||
      std::holds_alternative<ResultRefused>(body) ||
      std::holds_alternative<ProposalRefused>(body) ||
      std::holds_alternative<MissionRefused>(body)) {
    return kTopicError;
  }
  if (std::holds_alternative<LeaseStarted>(body) || std::holds_alternative<ResultReported>(body)) {
    return kTopicAct;
  }
  return kTopicDecision;
}

struct Labels {
  std::string task;
  std::string epoch;
  std::string agent;
  uint64_t duration_ms = 0;
};

Labels LabelsOf(const EventBody& body) {
  return std::visit(
      [](const auto& b) {
        Labels labels;
        const auto set_task = [&](TaskId id) { labels.task = id ? id.ToString() : ""; };
        if constexpr (requires { b.task_id.ordinal; }) set_task(b.task_id);
        if constexpr (requires { b.task.task_id.ordinal; }) set_task(b.task.task_id);
        if constexpr (requires { b.epoch.sequence; }) labels.epoch = b.epoch.ToString();
        if constexpr (requires { b.agent_id.size(); }) labels.agent = b.agent_id;
        if constexpr (requires { b.result.usage; }) {
          set_task(b.result.task_id);
          labels.epoch = b.result.epoch.ToString();
          labels.agent = b.result.agent_id;
          labels.duration_ms = b.result.usage.wall_ms;
        }
        return labels;
      },
      body);
}

/// The keys every line has, in the order of sdd 6.3. `line_count`: lines of the event's own text.
std::string Line(int64_t wall_ms, std::string_view topic, const std::string& event_type,
                 const std::string& trace_id, const MissionId& mission_id, const Labels& labels,
                 uint64_t sequence, const std::string& data) {
  std::string out = "{";
  wire::JsonFields fields(out);
  fields.Field("timestamp", Timestamp(wall_ms));
  fields.Field("level", std::string_view(topic == kTopicError ? "WARN" : "INFO"));
  fields.Field("trace_id", trace_id);
  fields.Field("span_id", SpanId(mission_id, labels.task, labels.epoch));
  fields.Field("agent_id", labels.agent);
  fields.Field("event_type", event_type);
  fields.Field("duration_ms", labels.duration_ms);
  fields.Field("line_count", static_cast<uint64_t>(1 + std::count(data.begin(), data.end(), '\n')));
  fields.Field("topic", topic);
  fields.Field("run", mission_id);
  fields.Field("task", labels.task);
  fields.Field("sequence", sequence);
  return out + ",\"data\":" + data + "}";
}

}  // namespace

std::string SpanId(const MissionId& mission_id, const std::string& task, const std::string& epoch) {
  return Sha256Hex(StrCat(mission_id, '/', task, '/', epoch)).substr(0, 16);
}

std::string Timestamp(int64_t wall_ms) {
  const time_t seconds = wall_ms / 1000;
  tm parts{};
  ::gmtime_r(&seconds, &parts);
  char text[96];
  ::snprintf(text, sizeof text, "%04d-%02d-%02dT%02d:%02d:%02d.%03dZ", parts.tm_year + 1900,
             parts.tm_mon + 1, parts.tm_mday, parts.tm_hour, parts.tm_min, parts.tm_sec,
             static_cast<int>(wall_ms % 1000));
  return text;
}

std::string JournalLine(const Event& event, const MissionId& run, const std::string& trace_id) {
  return Line(event.wall_ms, TopicOf(event.body), Upper(EventName(event.body)), trace_id, run,
              LabelsOf(event.body), event.sequence, wire::EventBodyJson(event.body));
}

std::string JournalLine(const BusEvent& event) {
  std::string data = "{";
  wire::JsonFields fields(data);
  for (const auto& [key, value] : event.details) fields.Field(key, value);
  data += '}';
  return Line(event.wall_ms, event.topic, event.event_type, event.trace_id, event.mission_id,
              {.task = event.task,
               .epoch = event.epoch,
               .agent = event.agent_id,
               .duration_ms = event.duration_ms},
              event.sequence, data);
}

std::string JournalText(const Event& event) {
  const Labels labels = LabelsOf(event.body);
  return StrCat(Timestamp(event.wall_ms).substr(11, 12), "  ",
                labels.task.empty() ? "-" : labels.task, "  ",
                labels.agent.empty() ? "-" : labels.agent, "  ", Upper(EventName(event.body)), "  ",
                EscapeForTerminal(wire::EventBodyJson(event.body)));
}

std::string JournalText(const BusEvent& event) {
  std::string details;
  for (const auto& [key, value] : event.details) details += StrCat(' ', key, '=', value);
  return StrCat(Timestamp(event.wall_ms).substr(11, 12), "  ",
                event.task.empty() ? "-" : event.task, "  ", event.agent_id, "  ", event.event_type,
                " ", EscapeForTerminal(details));
}

}  // namespace coditect
