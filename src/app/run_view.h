// Shows a run while it happens: one line per step, one bar at the bottom.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "src/app/progress_bus.h"
#include "src/app/terminal.h"
#include "src/domain/state.h"

namespace coditect {

/// One run's display. One owner thread.
class RunView {
 public:
  RunView(ProgressMode mode, MissionId mission_id, const Clock& clock);

  /// What the ledger says is new.
  void Show(const std::vector<Event>& events, const ShardState& state);

  /// Redraws the bar; without a terminal, says something when it was quiet too long. `progress`:
  /// what agents said last, by task.
  void Tick(const ShardState& state,
            const std::map<std::string, std::map<std::string, std::string>>& progress);

  void Say(const std::string& verb, const std::string& text) { area_.Line(verb, text); }
  void Finish() { area_.Clear(); }

 private:
  void ShowEvent(const Event& event, const MissionState& mission);
  void ShowDone(const MissionState& mission, const TaskState& task);
  std::string Summary(const MissionState& mission,
                      const std::map<std::string, std::map<std::string, std::string>>& progress);

  StatusArea area_;
  const MissionId mission_id_;
  const Clock& clock_;
  const MonotonicTime started_;
  MonotonicTime last_line_;
};

/// The plan as a small tree: one line per task with what it waits for.
std::vector<std::string> PlanLines(const MissionState& mission, uint32_t version);

}  // namespace coditect
