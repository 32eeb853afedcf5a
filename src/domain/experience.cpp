// Experience: learning and forecasting.
#include "src/domain/experience.h"

#include <algorithm>

#include "src/base/strings.h"
#include "src/domain/state.h"

namespace coditect {
namespace {

constexpr uint64_t kMilli = 1000;
constexpr uint64_t kPriorTrialsMilli = 4 * kMilli;
constexpr uint64_t kPriorCostMilli = 1 * kMilli;
constexpr uint64_t kErrorPermilleMax = 100'000;  // a hundred times off is off

uint64_t Decayed(uint64_t weight) { return weight - weight / 16; }

uint64_t ErrorPermille(uint64_t forecast, uint64_t actual) {
  const uint64_t off = forecast > actual ? forecast - actual : actual - forecast;
  const uint64_t base = std::max<uint64_t>(actual, 1);
  return off > base * kErrorPermilleMax / kMilli ? kErrorPermilleMax : off * kMilli / base;
}

/// Mean of `old` with weight `weight` and `fresh` with weight `fresh_weight`.
uint64_t Mean(uint64_t old, uint64_t weight, uint64_t fresh, uint64_t fresh_weight) {
  const uint64_t total = std::max<uint64_t>(weight + fresh_weight, 1);
  return (old * weight + fresh * fresh_weight + total / 2) / total;
}

bool EndedByItself(const TaskState& task) {
  return task.status == TaskStatus::kDone || task.status == TaskStatus::kFailed ||
         task.status == TaskStatus::kQuarantined;
}

}  // namespace

std::string SkillName(Role role, std::string_view language, std::string_view what) {
  std::string name = StrCat(RoleName(role), ':', language, ':', what);
  for (char& c : name) c = static_cast<char>(c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : c);
  return name;
}

std::vector<TaskScore> ScoreForecasts(const MissionState& mission) {
  std::vector<TaskScore> scores;
  for (const TaskState& task : mission.tasks) {
    const Forecast& forecast = task.spec.forecast;
    if (task.spec.skill.empty() || forecast.success_permille == 0 || !EndedByItself(task)) continue;
    TaskScore score;
    score.task_id = task.spec.task_id;
    score.skill = task.spec.skill;
    score.forecast = forecast;
    score.done = task.status == TaskStatus::kDone;
    score.used = task.spent;
    const uint64_t success = std::min<uint64_t>(forecast.success_permille, kMilli);
    const uint64_t off = score.done ? kMilli - success : success;
    score.brier_ppm = off * off;
    score.costed = forecast.wall_ms > 0 && task.spent.wall_ms > 0;
    if (score.costed) {
      score.cpu_error_permille = ErrorPermille(forecast.cpu_ms, task.spent.cpu_ms);
      score.wall_error_permille = ErrorPermille(forecast.wall_ms, task.spent.wall_ms);
      score.tests_error_permille = ErrorPermille(forecast.tests, task.spent.tests);
    }
    scores.push_back(std::move(score));
  }
  return scores;
}

const SkillRecord* Experience::Find(std::string_view skill) const {
  const auto found = std::find_if(skills.begin(), skills.end(),
                                  [&](const SkillRecord& record) { return record.skill == skill; });
  return found == skills.end() ? nullptr : &*found;
}

void Experience::Learn(const MissionState& mission, uint64_t sequence) {
  const uint64_t suite_ms = mission.baseline.has_value() ? mission.baseline->suite_ms : 0;
  for (const TaskScore& score : ScoreForecasts(mission)) {
    SkillRecord* record = const_cast<SkillRecord*>(Find(score.skill));
    if (record == nullptr) {
      if (skills.size() >= kSkillsMax) {
        skills.erase(
            std::min_element(skills.begin(), skills.end(), [](const auto& a, const auto& b) {
              return std::pair(a.updated, a.skill) < std::pair(b.updated, b.skill);
            }));
      }
      const auto place = std::find_if(skills.begin(), skills.end(), [&](const SkillRecord& other) {
        return other.skill > score.skill;
      });
      record = &*skills.insert(place, SkillRecord{.skill = score.skill});
    }
    const uint64_t before = Decayed(record->trials_milli);
    record->cpu_ms = Mean(record->cpu_ms, before, score.used.cpu_ms, kMilli);
    record->wall_ms = Mean(record->wall_ms, before, score.used.wall_ms, kMilli);
    record->tests = Mean(record->tests, before, score.used.tests, kMilli);
    record->suite_ms = Mean(record->suite_ms, before, suite_ms, kMilli);
    record->trials_milli = before + kMilli;
    record->successes_milli = Decayed(record->successes_milli) + (score.done ? kMilli : 0);
    record->updated = sequence;
    record->scored += 1;
    record->brier_ppm_sum += score.brier_ppm;
    record->costed += score.costed ? 1 : 0;
    record->cpu_error_permille_sum += score.cpu_error_permille;
    record->wall_error_permille_sum += score.wall_error_permille;
    record->tests_error_permille_sum += score.tests_error_permille;
  }
}

Forecast ForecastOf(const Experience& experience, std::string_view skill, const Forecast& prior,
                    uint64_t suite_ms) {
  const SkillRecord* record = experience.Find(skill);
  if (record == nullptr || record->trials_milli == 0) return prior;
  const uint64_t trials = record->trials_milli;
  const uint64_t known_permille = record->successes_milli * kMilli / trials;
  // In permille of what the tasks before cost; a quarter to four times.
  const uint64_t known_suite = std::max<uint64_t>(record->suite_ms, 1);
  const uint64_t scale = std::clamp<uint64_t>(
      (kMilli + std::max<uint64_t>(suite_ms, 1) * kMilli / known_suite) / 2, 250, 4000);
  const auto cost = [&](uint64_t expected, uint64_t known) {
    return Mean(expected, kPriorCostMilli, known * scale / kMilli, trials);
  };
  Forecast forecast;
  // Never certain: a forecast of 0 is none, and one of 1 cannot be scored fairly.
  forecast.success_permille = static_cast<uint32_t>(std::clamp<uint64_t>(
      Mean(prior.success_permille, kPriorTrialsMilli, known_permille, trials), 1, 999));
  forecast.cpu_ms = cost(prior.cpu_ms, record->cpu_ms);
  forecast.wall_ms = cost(prior.wall_ms, record->wall_ms);
  forecast.tests = Mean(prior.tests, kPriorCostMilli, record->tests, trials);
  return forecast;
}

std::string ExperienceText(const Experience& experience) {
  std::string text;
  for (const SkillRecord& r : experience.skills) {
    StrAppend(text, r.skill, ' ', r.trials_milli, ' ', r.successes_milli, ' ', r.cpu_ms, ' ',
              r.wall_ms, ' ', r.tests, ' ', r.suite_ms, '\n');
  }
  return text;
}

Experience ParseExperience(std::string_view text) {
  Experience experience;
  for (const std::string& line : Split(text, '\n')) {
    const auto words = Split(line, ' ');
    constexpr size_t kWords = 7;
    constexpr long long kMost = 1LL << 40;  // products of two stay within 64 bits by far
    if (words.size() != kWords || experience.skills.size() >= kSkillsMax) continue;
    std::array<long long, kWords - 1> numbers{};
    bool good = true;
    for (size_t i = 0; i < numbers.size(); ++i) {
      good = good && ParseInt(words[i + 1], 0, kMost, &numbers[i]);
    }
    if (!good) continue;
    const auto number = [&](size_t i) { return static_cast<uint64_t>(numbers[i]); };
    experience.skills.push_back({.skill = words[0],
                                 .trials_milli = number(0),
                                 .successes_milli = std::min(number(1), number(0)),
                                 .cpu_ms = number(2),
                                 .wall_ms = number(3),
                                 .tests = number(4),
                                 .suite_ms = number(5)});
  }
  return experience;
}

}  // namespace coditect
