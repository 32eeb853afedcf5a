// ps, show, diff, version: verbs that only look.
#include <unistd.h>

#include "src/app/commands/commands.h"
#include "src/app/commands/diffed_files.h"
#include "src/app/commands/fields.h"
#include "src/app/commands/reading.h"
#include "src/app/commands/run_rows.h"
#include "src/app/exit_code.h"
#include "src/app/forecast_report.h"
#include "src/app/journal.h"
#include "src/app/run_report.h"
#include "src/app/run_view.h"
#include "src/base/file.h"
#include "src/wire/json.h"

namespace coditect {
namespace {

std::string DiffJson(const MissionState& mission, const CommitId& to, const std::string& diff,
                     bool stat, const std::vector<std::string>& chosen) {
  std::string out = "{";
  wire::JsonFields fields(out);
  fields.Field("schema", std::string_view("coditect.diff/v1"));
  fields.Field("run", mission.id);
  fields.Field("base", mission.request.repository.base_commit);
  fields.Field("commit", to);
  if (!stat) {
    fields.Field("files", ChangesOf(diff));
    fields.Field("patch", diff);
    return ChooseFields("diff", out + "}", chosen) + "\n";
  }
  return out + ",\"files\":" + ChosenRows("diff --stat", ChangesOf(diff), chosen) + "}\n";
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
  if (global.output == "json") {
    return Answer("{\"schema\":\"coditect.ps/v1\",\"runs\":" +
                  RunRowsJson(missions, owned, global.fields) + "}\n");
  }
  if (missions.empty() && !all && !global.quiet) {
    PrintErr("no open run; `coditect ps -a` lists the ended ones\n");
  }
  return Answer(RunRowsText(missions, owned));
}

int ShowCommand(const GlobalOptions& global, const RunName& name, bool graph, bool evidence) {
  const Context ctx;
  auto reading = ReadLedger(ctx);
  if (!reading.ok()) return Fail(reading.status());
  const auto mission = FindRun(*reading, name, global.folder);
  if (!mission.ok()) return Fail(mission.status());
  auto blobs = OpenBlobs(reading->paths);
  if (!blobs.ok()) return Fail(blobs.status());
  RunReport report = MakeReport(ctx, reading->paths, **mission, **blobs, reading->owned);
  report.others = OtherResultsOf(ctx, reading->paths, reading->tail->state(), **mission);
  if (global.output == "json") {
    return Answer(ChooseFields("show", ReportJson(report), global.fields) + "\n");
  }
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

int ForecastsCommand(const GlobalOptions& global, const RunName& name) {
  if (!name.id.empty() || name.last) {
    PrintErr(
        "coditect: --forecasts is about all runs; leave the run out, or look at one with "
        "`coditect show ID --evidence`\n");
    return kExitUsage;
  }
  const Context ctx;
  const auto reading = ReadLedger(ctx);
  if (!reading.ok() && !absl::IsNotFound(reading.status())) return Fail(reading.status());
  const Experience known = reading.ok() ? reading->tail->state().experience : Experience{};
  if (global.output == "json") return Answer(SkillsJson(known));
  if (known.skills.empty()) {
    if (!global.quiet) PrintErr("no run has ended yet whose plan had forecasts\n");
    return kExitVerified;
  }
  return Answer(SkillsText(known));
}

int DiffCommand(const GlobalOptions& global, const RunName& name, bool stat) {
  const Context ctx;
  auto reading = ReadLedger(ctx);
  if (!reading.ok()) return Fail(reading.status());
  const auto found = FindRun(*reading, name, global.folder);
  if (!found.ok()) return Fail(found.status());
  const MissionState& mission = **found;
  const CommitId& to = mission.tip;  // without what a base branch got besides
  if (to.empty()) return Fail(NotFound("run ", mission.id, " changed nothing"));
  auto repository = OpenMissionRepository(ctx, reading->paths, mission.request);
  if (!repository.ok()) return Fail(repository.status());
  const auto diff = (*repository)->Diff(ctx, mission.request.repository.base_commit, to);
  if (!diff.ok()) return Fail(diff.status());
  if (global.output == "json") {
    return Answer(DiffJson(mission, to, *diff, stat, global.fields));
  }
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
