// What the verbs that only look have in common.
#include "src/app/commands/reading.h"

#include <algorithm>

#include "src/base/file.h"

namespace coditect {

StatusOr<Reading> ReadLedger(const Context& ctx) {
  Reading reading;
  ASSIGN_OR_RETURN(reading.paths, FindStatePaths(ProcessEnvironment()));
  if (!PathExists(reading.paths.ledger)) {
    return NotFound("there is no run yet; `coditect run \"make the tests pass\"` starts one");
  }
  auto log = OpenLedgerFile(reading.paths, /*read_only=*/true);
  if (!log.ok()) return ExplainLedgerError(log.status(), reading.paths);
  reading.tail = std::make_unique<LedgerTail>(*std::move(log));
  auto events = reading.tail->Poll(ctx);
  if (!events.ok()) return ExplainLedgerError(events.status(), reading.paths);
  reading.events = *std::move(events);
  return reading;
}

StatusOr<const MissionState*> FindMission(const ShardState& state, const std::string& id) {
  const std::string full = id.starts_with("r-") ? id : "r-" + id;
  if (const MissionState* exact = state.Find(full)) return exact;
  std::vector<const MissionState*> found;
  std::vector<std::string> names;
  for (const auto& [name, mission] : state.missions) {
    names.push_back(name);
    if (name.starts_with(full)) found.push_back(&mission);
  }
  if (found.size() == 1) return found.front();
  if (found.size() > 1) {
    return InvalidArgument("'", EscapeForTerminal(id), "' could be ", found[0]->id, " or ",
                           found[1]->id, "; use more letters");
  }
  const std::string near = NearestWord(full, names);
  return NotFound("there is no run '", EscapeForTerminal(id), "'",
                  near.empty() ? "; `coditect ps -a` lists them" : "; did you mean " + near + "?");
}

StatusOr<const MissionState*> LastMission(const ShardState& state) {
  const MissionState* last = nullptr;
  for (const auto& [id, mission] : state.missions) {
    if (last == nullptr || mission.requested_wall_ms >= last->requested_wall_ms) last = &mission;
  }
  if (last == nullptr) return NotFound("there is no run yet");
  return last;
}

}  // namespace coditect
