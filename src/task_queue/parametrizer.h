// From intent to concrete action (sdd 2.2.3): a template whose parameters come from the mission.
#pragma once

#include <optional>
#include <string>

#include "src/domain/state.h"

namespace coditect {

struct Parametrized {
  std::optional<Action> action;
  std::string impossible;  // why it can never be done
  uint64_t wall_ms_max = 0;
};

/// The action of `task`'s next lease. Neither action nor impossible: something it needs has yet to
/// be decided. Pure.
Parametrized Parametrize(const MissionState& mission, const TaskState& task);

}  // namespace coditect
