// What the verbs that only look have in common.
#include "src/app/commands/reading.h"

#include <algorithm>
#include <tuple>

#include "src/app/journal.h"
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
  auto tail = OpenLedgerTail(reading.paths);
  if (!tail.ok()) return ExplainLedgerError(tail.status(), reading.paths);
  reading.tail = *std::move(tail);
  if (Status status = reading.tail->Advance(ctx); !status.ok()) {
    return ExplainLedgerError(status, reading.paths);
  }
  std::vector<std::pair<uint64_t, MissionId>> order;
  for (const auto& [id, mission] : reading.tail->state().missions) {
    order.emplace_back(mission.accepted_sequence, id);
  }
  std::sort(order.begin(), order.end());
  for (auto& [sequence, id] : order) reading.order.push_back(std::move(id));
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
  for (const auto& [name, forgotten] : state.forgotten) {
    if (!name.starts_with(full)) continue;
    return NotFound("run ", name, " was forgotten by gc on ",
                    Timestamp(forgotten.forgotten_wall_ms).substr(0, 10),
                    "; what it delivered is still in its repository");
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
