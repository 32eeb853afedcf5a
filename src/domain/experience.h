// What finished runs teach: how often a kind of task succeeds, what it costs, and how good the
// forecasts of both were.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "src/domain/fields.h"
#include "src/domain/result.h"
#include "src/domain/task.h"

namespace coditect {

struct MissionState;

inline constexpr size_t kSkillsMax = 64;  // remembered; the one not used for longest goes

/// "coder:python:edits": who does what in which language.
std::string SkillName(Role role, std::string_view language, std::string_view what);

/// One kind of task. Older runs count less: each new one takes a sixteenth of the weight of all
/// before. Averages are over that weight; sums are of every task ever scored.
struct SkillRecord {
  std::string skill;
  uint64_t trials_milli = 0;     // weight of the tasks that ended, in thousandths
  uint64_t successes_milli = 0;  // of those that were done
  uint64_t cpu_ms = 0;           // mean of a task
  uint64_t wall_ms = 0;
  uint64_t tests = 0;
  uint64_t suite_ms = 0;  // mean of the suites they worked with
  uint64_t updated = 0;   // sequence of the event that last changed it
  uint64_t scored = 0;    // tasks whose forecast was compared with what happened
  uint64_t brier_ppm_sum = 0;
  uint64_t costed = 0;  // of those, tasks with a forecast of their cost
  uint64_t cpu_error_permille_sum = 0;
  uint64_t wall_error_permille_sum = 0;
  uint64_t tests_error_permille_sum = 0;

  bool operator==(const SkillRecord&) const = default;
  template <class Self, class Visitor>
  static void Fields(Self& self, Visitor&& visit) {
    visit(1, "skill", self.skill);
    visit(2, "trials_milli", self.trials_milli);
    visit(3, "successes_milli", self.successes_milli);
    visit(4, "cpu_ms", self.cpu_ms);
    visit(5, "wall_ms", self.wall_ms);
    visit(6, "tests", self.tests);
    visit(7, "suite_ms", self.suite_ms);
    visit(8, "updated", self.updated);
    visit(9, "scored", self.scored);
    visit(10, "brier_ppm_sum", self.brier_ppm_sum);
    visit(11, "costed", self.costed);
    visit(12, "cpu_error_permille_sum", self.cpu_error_permille_sum);
    visit(13, "wall_error_permille_sum", self.wall_error_permille_sum);
    visit(14, "tests_error_permille_sum", self.tests_error_permille_sum);
  }
};

/// A task's forecast against what happened. Errors are |forecast - actual| / max(actual, 1).
struct TaskScore {
  TaskId task_id;
  std::string skill;
  Forecast forecast;
  bool done = false;
  Usage used;
  uint64_t brier_ppm = 0;  // (success probability - outcome)^2, in millionths
  bool costed = false;
  uint64_t cpu_error_permille = 0;
  uint64_t wall_error_permille = 0;
  uint64_t tests_error_permille = 0;
};

/// Scores of the tasks of a mission that carry a forecast and ended by themselves: what was
/// cancelled because a rival won says nothing. Source of the score: Brier, Monthly Weather Review
/// 78 (1950).
std::vector<TaskScore> ScoreForecasts(const MissionState& mission);

/// Skills by name. A fold of finished missions.
struct Experience {
  std::vector<SkillRecord> skills;

  bool operator==(const Experience&) const = default;
  template <class Self, class Visitor>
  static void Fields(Self& self, Visitor&& visit) {
    visit(1, "skills", self.skills);
  }

  /// nullptr when nothing is known of it.
  const SkillRecord* Find(std::string_view skill) const;

  /// Takes a mission that has just ended by the event of `sequence`.
  void Learn(const MissionState& mission, uint64_t sequence);
};

/// What to expect of the next task of `skill`: `prior` as long as nothing is known, which then
/// weighs as much as four tasks for the success and one for the cost. Costs grow with the suite,
/// but only half in proportion: the other half is starting and looking.
Forecast ForecastOf(const Experience& experience, std::string_view skill, const Forecast& prior,
                    uint64_t suite_ms);

/// What a planner is told of it, a line per skill; ParseExperience reads it back and leaves out
/// what is malformed.
std::string ExperienceText(const Experience& experience);
Experience ParseExperience(std::string_view text);

}  // namespace coditect
