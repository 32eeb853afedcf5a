// ps, show, diff, version: verbs that only look.
#include <unistd.h>

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

RunRow RowOf(const MissionState& mission, bool owned) {
  size_t done = 0;
  for (const TaskState& task : mission.tasks) done += IsTerminal(task.status) ? 1 : 0;
  RunRow row;
  row.run = mission.id;
  row.status = StatusWord(mission, owned);
  row.repository = mission.request.repository.path;
  row.goal = mission.request.goal;
  row.tasks = StrCat(done, "/", mission.tasks.size());
  row.requested = Timestamp(mission.requested_wall_ms);
  if (mission.outcome == Outcome::kVerified) {
    row.branch = mission.branch.substr(std::string_view("refs/heads/").size());
  }
  return row;
}

/// What a diff does to one file.
struct DiffedFile {
  std::string path;  // as git prints it: quoted when it is an odd one
  size_t added = 0;
  size_t removed = 0;

  template <class Self, class Visitor>
  static void Fields(Self& self, Visitor&& visit) {
    visit(1, "path", self.path);
    visit(2, "added", self.added);
    visit(3, "removed", self.removed);
  }
};

/// The path of a `--- a/…` or `+++ b/…` line; "" for /dev/null.
std::string PathOfHeader(std::string_view line) {
  std::string path(line.substr(4));
  if (path.ends_with('\t')) path.pop_back();  // git marks the end of a name with spaces
  if (path == "/dev/null") return "";
  const size_t prefix = path.starts_with('"') ? 1 : 0;
  return path.erase(prefix, 2);
}

std::vector<DiffedFile> ChangesOf(const std::string& diff) {
  std::vector<DiffedFile> changes;
  bool header = false;
  for (const std::string& line : Split(diff, '\n')) {
    if (line.starts_with("diff --git ")) {
      changes.emplace_back();
      header = true;
    } else if (changes.empty()) {
      continue;
    } else if (line.starts_with("@@ ")) {
      header = false;
    } else if (header && (line.starts_with("--- ") || line.starts_with("+++ "))) {
      const std::string path = PathOfHeader(line);
      if (!path.empty()) changes.back().path = path;
    } else if (!header) {
      changes.back().added += line.starts_with('+') ? 1 : 0;
      changes.back().removed += line.starts_with('-') ? 1 : 0;
    }
  }
  return changes;
}

std::string DiffJson(const MissionState& mission, const CommitId& to, const std::string& diff,
                     bool stat) {
  std::string out = "{";
  wire::JsonFields fields(out);
  fields.Field("schema", std::string_view("coditect.diff/v1"));
  fields.Field("run", mission.id);
  fields.Field("base", mission.request.repository.base_commit);
  fields.Field("commit", to);
  fields.Field("files", ChangesOf(diff));
  if (!stat) fields.Field("patch", diff);
  return out + "}\n";
}

std::string Pad(std::string text, size_t width) {
  if (text.size() < width) text.append(width - text.size(), ' ');
  return text;
}

}  // namespace

int PsCommand(const GlobalOptions& global, bool all) {
  const Context ctx;
  auto reading = ReadLedger(ctx);
  std::vector<const MissionState*> missions;
  bool owned = false;
  if (reading.ok()) {
    owned = reading->owned;
    for (auto id = reading->order.rbegin(); id != reading->order.rend(); ++id) {
      const MissionState* mission = reading->tail->state().Find(*id);
      if (all || mission->status != MissionStatus::kCompleted) missions.push_back(mission);
    }
  } else if (!absl::IsNotFound(reading.status())) {
    return Fail(reading.status());
  }
  std::string out;
  if (global.output == "json") {
    out = "{\"schema\":\"coditect.ps/v1\",\"runs\":[";
    for (size_t i = 0; i < missions.size(); ++i) {
      out += (i == 0 ? "" : ",") + wire::ToJson(RowOf(*missions[i], owned));
    }
    return Answer(out + "]}\n");
  }
  out = "RUN       STATUS         TASKS    REQUESTED                 REPOSITORY  GOAL\n";
  for (const MissionState* mission : missions) {
    const RunRow row = RowOf(*mission, owned);
    out += StrCat(Pad(row.run, 10), Pad(row.status, 15), Pad(row.tasks, 9), Pad(row.requested, 26),
                  EscapeForTerminal(row.repository), "  ", EscapeForTerminal(row.goal), "\n");
  }
  if (missions.empty() && !all && !global.quiet) {
    PrintErr("no open run; `coditect ps -a` lists the ended ones\n");
  }
  return Answer(out);
}

int ShowCommand(const GlobalOptions& global, const RunName& name, bool graph, bool evidence) {
  const Context ctx;
  auto reading = ReadLedger(ctx);
  if (!reading.ok()) return Fail(reading.status());
  const auto mission = FindRun(*reading, name, global.folder);
  if (!mission.ok()) return Fail(mission.status());
  auto blobs = OpenBlobs(reading->paths);
  if (!blobs.ok()) return Fail(blobs.status());
  const RunReport report = MakeReport(ctx, reading->paths, **mission, **blobs, reading->owned);
  if (global.output == "json") return Answer(ReportJson(report) + "\n");
  std::string out = StrCat("Run ", report.run, " (", report.status,
                           "): ", EscapeForTerminal((*mission)->request.goal), "\n");
  const bool open = report.outcome == Outcome::kUnspecified;
  if (graph || open) {
    for (uint32_t version = 1; version <= (*mission)->plan_version; ++version) {
      out += StrCat("Plan version ", version, "\n");
      for (const std::string& line : PlanLines(**mission, version)) {
        out += "  " + EscapeForTerminal(line) + "\n";
      }
    }
  }
  if (!open) out += ReportText(report, evidence);
  if (report.status == "interrupted" && !global.quiet) {
    PrintErr(StrCat("nobody works on it; `coditect resume ", report.run, "` goes on\n"));
  }
  return Answer(out);
}

int DiffCommand(const GlobalOptions& global, const RunName& name, bool stat) {
  const Context ctx;
  auto reading = ReadLedger(ctx);
  if (!reading.ok()) return Fail(reading.status());
  const auto found = FindRun(*reading, name, global.folder);
  if (!found.ok()) return Fail(found.status());
  const MissionState& mission = **found;
  const CommitId to = mission.branch_commit.empty() ? mission.tip : mission.branch_commit;
  if (to.empty()) return Fail(NotFound("run ", mission.id, " changed nothing"));
  auto repository = OpenMissionRepository(ctx, reading->paths, mission.request);
  if (!repository.ok()) return Fail(repository.status());
  const auto diff = (*repository)->Diff(ctx, mission.request.repository.base_commit, to);
  if (!diff.ok()) return Fail(diff.status());
  if (global.output == "json") return Answer(DiffJson(mission, to, *diff, stat));
  if (!stat) {
    return Answer(::isatty(STDOUT_FILENO) == 1 ? EscapeForTerminal(*diff, true) : *diff);
  }
  DiffedFile sum;
  std::string out;
  for (const DiffedFile& change : ChangesOf(*diff)) {
    out += StrCat(" ", EscapeForTerminal(change.path), "\n");
    sum.added += change.added;
    sum.removed += change.removed;
  }
  return Answer(
      StrCat(out, " ", Counted(sum.added, "line"), " added, ", sum.removed, " removed\n"));
}

int VersionCommand(const GlobalOptions& global) {
  if (global.output != "json") return Answer(BuildId() + "\n");
  return Answer(StrCat("{\"schema\":\"coditect.version/v1\",\"version\":\"", VersionNumber(),
                       "\",\"build\":\"", BuildId(), "\"}\n"));
}

}  // namespace coditect
