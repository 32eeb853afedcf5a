// Runs as a table.
#include "src/app/commands/run_rows.h"

#include "src/app/commands/fields.h"
#include "src/app/journal.h"
#include "src/app/run_report.h"
#include "src/wire/json.h"

namespace coditect {
namespace {

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

std::string Pad(std::string text, size_t width) {
  if (text.size() < width) text.append(width - text.size(), ' ');
  return text;
}

}  // namespace

std::string RunRowsJson(const std::vector<const MissionState*>& missions, bool owned,
                        const std::vector<std::string>& fields) {
  std::string out = "[";
  for (size_t i = 0; i < missions.size(); ++i) {
    out +=
        (i == 0 ? "" : ",") + ChooseFields("ps", wire::ToJson(RowOf(*missions[i], owned)), fields);
  }
  return out + "]";
}

std::string RunRowsText(const std::vector<const MissionState*>& missions, bool owned) {
  std::string out =
      "RUN       STATUS         TASKS    REQUESTED                 REPOSITORY  GOAL\n";
  for (const MissionState* mission : missions) {
    const RunRow row = RowOf(*mission, owned);
    out += StrCat(Pad(row.run, 10), Pad(row.status, 15), Pad(row.tasks, 9), Pad(row.requested, 26),
                  EscapeForTerminal(row.repository), "  ", EscapeForTerminal(row.goal), "\n");
  }
  return out;
}

}  // namespace coditect
