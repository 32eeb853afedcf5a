// How good the forecasts were: of one run, and of all runs.
#pragma once

#include <string>
#include <vector>

#include "src/domain/experience.h"

namespace coditect {

/// One sentence; "" when nothing was scored.
std::string ForecastSentence(const std::vector<TaskScore>& scores);

/// The member "forecast" of coditect.run/v1: Brier score and mean relative errors, and each task.
std::string ForecastJson(const std::vector<TaskScore>& scores);

/// What is known of each kind of task over all runs, as a table and as coditect.forecasts/v1.
std::string SkillsText(const Experience& experience);
std::string SkillsJson(const Experience& experience);

}  // namespace coditect
