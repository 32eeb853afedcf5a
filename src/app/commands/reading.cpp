// What the verbs that only look have in common.
#include "src/app/commands/reading.h"

#include <tuple>

#include "src/app/owner_lock.h"
#include "src/base/file.h"

namespace coditect {

StatusOr<Reading> ReadLedger(const Context& ctx) {
  Reading reading;
  ASSIGN_OR_RETURN(reading.paths, FindStatePaths(ProcessEnvironment()));
  if (!PathExists(reading.paths.ledger)) {
    return NotFound("there is no run yet; `coditect run \"make the tests pass\"` starts one");
  }
  // Before and after reading: an owner may come or go meanwhile.
  reading.owned = OwnerProcess(reading.paths.lock) != 0;
  auto log = OpenLedgerFile(reading.paths, /*read_only=*/true);
  if (!log.ok()) return ExplainLedgerError(log.status(), reading.paths);
  reading.tail = std::make_unique<LedgerTail>(*std::move(log));
  auto events = reading.tail->Poll(ctx);
  if (!events.ok()) return ExplainLedgerError(events.status(), reading.paths);
  reading.events = *std::move(events);
  for (const Event& event : reading.events) {
    if (std::holds_alternative<MissionAccepted>(event.body)) {
      reading.order.push_back(event.mission_id);
    }
  }
  reading.owned = reading.owned || OwnerProcess(reading.paths.lock) != 0;
  return reading;
}

namespace {

StatusOr<const MissionState*> FindById(const ShardState& state, const std::string& id) {
  if (id.empty() || id == "r-") return InvalidArgument("the run's id is empty");
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

// By the ledger's order: the wall clock may have jumped.
StatusOr<const MissionState*> FindNewest(const Reading& reading, const RunName& name,
                                         const std::string& folder) {
  const std::string here = RealPath(folder).value_or("");
  const auto rank = [&](const MissionState& mission) {
    return std::tuple(IsBelow(here, mission.request.repository.path),
                      name.open_first && mission.status != MissionStatus::kCompleted);
  };
  const MissionState* best = nullptr;
  for (const MissionId& id : reading.order) {
    const MissionState* mission = reading.tail->state().Find(id);
    if (best == nullptr || rank(*mission) >= rank(*best)) best = mission;
  }
  if (best == nullptr) return NotFound("there is no run yet");
  return best;
}

}  // namespace

StatusOr<const MissionState*> FindRun(const Reading& reading, const RunName& name,
                                      const std::string& folder) {
  return name.last ? FindNewest(reading, name, folder) : FindById(reading.tail->state(), name.id);
}

}  // namespace coditect
