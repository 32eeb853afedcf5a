// ps, show, logs, diff, version: verbs that only look.
#include <unistd.h>

#include <algorithm>

#include "src/app/commands/commands.h"
#include "src/app/commands/reading.h"
#include "src/app/exit_code.h"
#include "src/app/journal.h"
#include "src/app/run_report.h"
#include "src/app/run_view.h"
#include "src/base/file.h"
#include "src/wire/json.h"

namespace coditect {
namespace {

/// One line of `ps`.
struct RunRow {
  MissionId run;
  std::string status;
  std::string repository;
  std::string goal;
  std::string tasks;
  std::string requested;
  std::string branch;

  template <class Self, class Visitor>
  static void Fields(Self& self, Visitor&& visit) {
    visit(1, "run", self.run);
    visit(2, "status", self.status);
    visit(3, "repository", self.repository);
    visit(4, "goal", self.goal);
    visit(5, "tasks", self.tasks);
    visit(6, "requested", self.requested);
    visit(7, "branch", self.branch);
  }
};

std::string StatusWord(const MissionState& mission) {
  switch (mission.status) {
    case MissionStatus::kActive:
      return "running";
    case MissionStatus::kInterrupted:
      return "interrupted";
    case MissionStatus::kQuarantined:
      return "quarantined";
    default:
      return std::string(OutcomeWord(mission.outcome));
  }
}

RunRow RowOf(const MissionState& mission) {
  size_t done = 0;
  for (const TaskState& task : mission.tasks) done += IsTerminal(task.status) ? 1 : 0;
  RunRow row;
  row.run = mission.id;
  row.status = StatusWord(mission);
  row.repository = mission.request.repository.path;
  row.goal = mission.request.goal;
  row.tasks = StrCat(done, "/", mission.tasks.size());
  row.requested = Timestamp(mission.requested_wall_ms);
  if (mission.outcome == Outcome::kVerified) {
    row.branch = mission.branch.substr(std::string_view("refs/heads/").size());
  }
  return row;
}

std::string Pad(std::string text, size_t width) {
  if (text.size() < width) text.append(width - text.size(), ' ');
  return text;
}

struct Follow {
  std::vector<Event> events;
  std::vector<BusEvent> acts;
};

// Ledger and telemetry of one run, in the order of their times.
std::vector<std::string> JournalOf(const Follow& follow, const MissionState& mission, bool json) {
  std::vector<std::pair<int64_t, std::string>> lines;
  for (const Event& event : follow.events) {
    if (event.mission_id != mission.id) continue;
    lines.emplace_back(event.wall_ms,
                       json ? JournalLine(event, mission.request.trace_id) : JournalText(event));
  }
  for (const BusEvent& event : follow.acts) {
    lines.emplace_back(event.wall_ms, json ? JournalLine(event) : JournalText(event));
  }
  std::stable_sort(lines.begin(), lines.end(),
                   [](const auto& a, const auto& b) { return a.first < b.first; });
  std::vector<std::string> out;
  out.reserve(lines.size());
  for (auto& [time, line] : lines) out.push_back(std::move(line));
  return out;
}

}  // namespace

int PsCommand(const GlobalOptions& global, bool all) {
  const Context ctx;
  auto reading = ReadLedger(ctx);
  std::vector<const MissionState*> missions;
  if (reading.ok()) {
    for (const auto& [id, mission] : reading->tail->state().missions) {
      if (all || mission.status != MissionStatus::kCompleted) missions.push_back(&mission);
    }
  } else if (!absl::IsNotFound(reading.status())) {
    return Fail(reading.status());
  }
  std::sort(missions.begin(), missions.end(), [](const MissionState* a, const MissionState* b) {
    return a->requested_wall_ms > b->requested_wall_ms;
  });
  std::string out;
  if (global.output == "json") {
    out = "{\"schema\":\"coditect.ps/v1\",\"runs\":[";
    for (size_t i = 0; i < missions.size(); ++i) {
      out += (i == 0 ? "" : ",") + wire::ToJson(RowOf(*missions[i]));
    }
    PrintOut(out + "]}\n");
    return kExitVerified;
  }
  out = "RUN       STATUS         TASKS    REQUESTED                 REPOSITORY  GOAL\n";
  for (const MissionState* mission : missions) {
    const RunRow row = RowOf(*mission);
    out += StrCat(Pad(row.run, 10), Pad(row.status, 15), Pad(row.tasks, 9), Pad(row.requested, 26),
                  EscapeForTerminal(row.repository), "  ", EscapeForTerminal(row.goal), "\n");
  }
  PrintOut(out);
  if (missions.empty() && !all) PrintErr("no open run; `coditect ps -a` lists the ended ones\n");
  return kExitVerified;
}

int ShowCommand(const GlobalOptions& global, const std::string& id, bool graph, bool evidence) {
  const Context ctx;
  auto reading = ReadLedger(ctx);
  if (!reading.ok()) return Fail(reading.status());
  const auto mission = FindMission(reading->tail->state(), id);
  if (!mission.ok()) return Fail(mission.status());
  auto blobs = OpenBlobs(reading->paths);
  if (!blobs.ok()) return Fail(blobs.status());
  const RunReport report = MakeReport(ctx, **mission, **blobs);
  if (global.output == "json") {
    PrintOut(ReportJson(report) + "\n");
    return kExitVerified;
  }
  std::string out = StrCat("Run ", (*mission)->id, " (", StatusWord(**mission),
                           "): ", EscapeForTerminal((*mission)->request.goal), "\n");
  if (graph || (*mission)->running()) {
    for (uint32_t version = 1; version <= (*mission)->plan_version; ++version) {
      out += StrCat("Plan version ", version, "\n");
      for (const std::string& line : PlanLines(**mission, version)) {
        out += "  " + EscapeForTerminal(line) + "\n";
      }
    }
  }
  if (!(*mission)->running()) out += ReportText(report, evidence);
  PrintOut(out);
  return kExitVerified;
}

int LogsCommand(const GlobalOptions& global, const std::string& id, bool follow) {
  const Context ctx;
  auto reading = ReadLedger(ctx);
  if (!reading.ok()) return Fail(reading.status());
  const auto mission = FindMission(reading->tail->state(), id);
  if (!mission.ok()) return Fail(mission.status());
  const MissionId run = (*mission)->id;
  const SystemClock clock;
  Follow all{.events = std::move(reading->events), .acts = {}};
  auto bus = OpenTelemetry(reading->paths, "", /*read_only=*/true, clock);
  if (bus.ok()) {
    if (auto acts = (*bus)->Read(ctx, run); acts.ok()) all.acts = *std::move(acts);
  }
  const bool json = global.output == "json";
  std::string out;
  for (const std::string& line : JournalOf(all, **mission, json)) out += line + "\n";
  PrintOut(out);
  constexpr int kFollowPauseMs = 200;
  while (follow && reading->tail->state().Find(run)->running()) {
    ::usleep(kFollowPauseMs * 1000);
    auto events = reading->tail->Poll(ctx);
    if (!events.ok()) return Fail(events.status());
    out.clear();
    const MissionState& now = *reading->tail->state().Find(run);
    for (const std::string& line : JournalOf({.events = *std::move(events)}, now, json)) {
      out += line + "\n";
    }
    PrintOut(out);
  }
  return kExitVerified;
}

int DiffCommand(const GlobalOptions&, const std::string& id, bool stat) {
  const Context ctx;
  auto reading = ReadLedger(ctx);
  if (!reading.ok()) return Fail(reading.status());
  const auto found = FindMission(reading->tail->state(), id);
  if (!found.ok()) return Fail(found.status());
  const MissionState& mission = **found;
  const CommitId to = mission.branch_commit.empty() ? mission.tip : mission.branch_commit;
  if (to.empty()) return Fail(NotFound("run ", mission.id, " changed nothing"));
  auto repository = OpenMissionRepository(ctx, reading->paths, mission.request);
  if (!repository.ok()) return Fail(repository.status());
  const auto diff = (*repository)->Diff(ctx, mission.request.repository.base_commit, to);
  if (!diff.ok()) return Fail(diff.status());
  if (!stat) {
    PrintOut(::isatty(STDOUT_FILENO) == 1 ? EscapeForTerminal(*diff, true) : *diff);
    return kExitVerified;
  }
  size_t added = 0;
  size_t removed = 0;
  std::string out;
  for (const std::string& line : Split(*diff, '\n')) {
    if (line.starts_with("+++ ")) out += " " + EscapeForTerminal(line.substr(4)) + "\n";
    if (line.starts_with("+") && !line.starts_with("+++")) ++added;
    if (line.starts_with("-") && !line.starts_with("---")) ++removed;
  }
  PrintOut(StrCat(out, " ", added, " lines added, ", removed, " removed\n"));
  return kExitVerified;
}

int VersionCommand(const GlobalOptions& global) {
  if (global.output == "json") {
    PrintOut(StrCat("{\"schema\":\"coditect.version/v1\",\"version\":\"", VersionNumber(),
                    "\",\"build\":\"", BuildId(), "\"}\n"));
  } else {
    PrintOut(BuildId() + "\n");
  }
  return kExitVerified;
}

}  // namespace coditect
