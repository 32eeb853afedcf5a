// logs: every event of a run, of the ledger and of telemetry, in one schema.
#include <unistd.h>

#include <algorithm>
#include <set>

#include "src/app/commands/commands.h"
#include "src/app/commands/fields.h"
#include "src/app/commands/reading.h"
#include "src/app/exit_code.h"
#include "src/app/journal.h"
#include "src/app/owner_lock.h"

namespace coditect {
namespace {

constexpr int kFollowPauseMs = 200;

/// Everything that is known of one run; prints each event once.
class Journal {
 public:
  Journal(MissionId run, bool json, std::vector<std::string> fields)
      : run_(std::move(run)), json_(json), fields_(std::move(fields)) {}

  void Add(std::vector<Event> events) {
    std::move(events.begin(), events.end(), std::back_inserter(events_));
  }

  /// What was not printed yet, in the order of time: the run's own events, `acts`, and of the shard
  /// those it depends on, which are its request, and the owners and hosts its leases name.
  std::string News(const MissionState& mission, const std::vector<BusEvent>& acts) {
    for (const Event& event : events_) {
      const auto* granted = std::get_if<LeaseGranted>(&event.body);
      if (granted == nullptr || event.mission_id != run_) continue;
      hosts_.insert(granted->host_id);
      incarnations_.insert(granted->epoch.incarnation);
    }
    std::vector<std::pair<int64_t, std::string>> lines;
    for (const Event& event : events_) {
      if (!Concerns(event, mission) || !printed_.insert({"", event.sequence}).second) continue;
      lines.emplace_back(event.wall_ms,
                         json_ ? ChosenFields(JournalLine(event, run_, mission.request.trace_id))
                               : JournalText(event));
    }
    for (const BusEvent& event : acts) {
      if (!printed_.insert({event.producer, event.sequence}).second) continue;
      lines.emplace_back(event.wall_ms,
                         json_ ? ChosenFields(JournalLine(event)) : JournalText(event));
    }
    std::stable_sort(lines.begin(), lines.end(),
                     [](const auto& a, const auto& b) { return a.first < b.first; });
    std::string out;
    for (const auto& [time, line] : lines) out += line + "\n";
    return out;
  }

 private:
  bool Concerns(const Event& event, const MissionState& mission) const {
    if (!event.mission_id.empty()) return event.mission_id == run_;
    if (const auto* requested = std::get_if<MissionRequested>(&event.body)) {
      return requested->request.request_id == mission.request.request_id;
    }
    if (const auto* opened = std::get_if<ShardOpened>(&event.body)) {
      return incarnations_.contains(opened->incarnation);
    }
    if (const auto* joined = std::get_if<HostJoined>(&event.body)) {
      return hosts_.contains(joined->host_id);
    }
    const auto* left = std::get_if<HostLeft>(&event.body);
    return left != nullptr && hosts_.contains(left->host_id);
  }

  std::string ChosenFields(const std::string& line) const {
    return ChooseFields("logs", line, fields_);
  }

  const MissionId run_;
  const bool json_;
  const std::vector<std::string> fields_;
  std::vector<Event> events_;
  std::set<HostId> hosts_;
  std::set<uint32_t> incarnations_;
  std::set<std::pair<std::string, uint64_t>> printed_;  // producer ("" = the ledger), sequence
};

std::vector<BusEvent> ReadActs(const Context& ctx, const StatePaths& paths, const MissionId& run) {
  const SystemClock clock;
  auto bus = OpenTelemetry(paths, "", /*read_only=*/true, clock);
  if (!bus.ok()) return {};  // telemetry can be dropped; the ledger is the run
  auto acts = (*bus)->Read(ctx, run);
  return acts.ok() ? *std::move(acts) : std::vector<BusEvent>();
}

}  // namespace

int LogsCommand(const GlobalOptions& global, const RunName& name, bool follow) {
  const Context ctx;
  auto reading = ReadLedger(ctx);
  if (!reading.ok()) return Fail(reading.status());
  const auto mission = FindRun(*reading, name, global.folder);
  if (!mission.ok()) return Fail(mission.status());
  const MissionId run = (*mission)->id;
  Journal journal(run, global.output == "json", global.fields);
  std::vector<Event> history;
  const Status read = reading->tail->History(ctx, [&](const Event& event) {
    if (event.mission_id.empty() || event.mission_id == run) history.push_back(event);
  });
  if (!read.ok()) return Fail(ExplainLedgerError(read, reading->paths));
  journal.Add(std::move(history));
  for (;;) {
    // Looked at before reading, so that the last look sees everything.
    const bool owned = follow && OwnerProcess(reading->paths.lock) != 0;
    auto events = reading->tail->Poll(ctx);
    if (!events.ok()) return Fail(events.status());
    journal.Add(*std::move(events));
    const MissionState* found = reading->tail->state().Find(run);
    if (found == nullptr) return Fail(NotFound("run ", run, " was forgotten by gc just now"));
    const MissionState& now = *found;
    const std::string news = journal.News(now, ReadActs(ctx, reading->paths, run));
    const int code = Answer(news);
    if (code != kExitVerified || !follow) return code;
    // Agents tell of their last steps when the run is over already.
    if (!now.running() && (!owned || news.empty())) return code;
    if (!owned) {
      PrintErr(StrCat("nobody works on ", run, "; `coditect resume ", run, "` goes on\n"));
      return code;
    }
    ::usleep(kFollowPauseMs * 1000);
  }
}

}  // namespace coditect
