// Rules of what past runs teach.
#include "src/domain/experience.h"

#include <doctest/doctest.h>

#include "src/base/strings.h"
#include "src/domain/state.h"

namespace coditect {
namespace {

constexpr const char* kEdits = "coder:python:edits";

TaskState Ended(TaskStatus status, uint32_t success_permille, uint64_t cpu_ms,
                std::string skill = kEdits) {
  TaskState task;
  task.spec.skill = std::move(skill);
  task.spec.forecast = {
      .cpu_ms = 2000, .wall_ms = 1000, .success_permille = success_permille, .tests = 10};
  task.status = status;
  task.spent = {.cpu_ms = cpu_ms, .wall_ms = 1000, .tests = 20};
  return task;
}

MissionState MissionOf(std::vector<TaskState> tasks, uint64_t suite_ms = 100) {
  MissionState mission;
  mission.baseline = BaselineSummary{.suite_ms = suite_ms};
  for (TaskState& task : tasks) {
    task.spec.task_id = {static_cast<uint32_t>(mission.tasks.size()) + 1};
    mission.tasks.push_back(std::move(task));
  }
  return mission;
}

Experience After(size_t runs, TaskStatus status, uint64_t cpu_ms, uint64_t suite_ms = 100) {
  Experience experience;
  for (size_t i = 0; i < runs; ++i) {
    experience.Learn(MissionOf({Ended(status, 550, cpu_ms)}, suite_ms), i + 1);
  }
  return experience;
}

constexpr Forecast kPrior = {
    .cpu_ms = 1000, .wall_ms = 1000, .success_permille = 550, .tests = 100};

}  // namespace

TEST_CASE("AForecastIsScoredByWhatHappenedAndNotWhenARivalWon") {
  const auto scores = ScoreForecasts(
      MissionOf({Ended(TaskStatus::kDone, 800, 1000), Ended(TaskStatus::kFailed, 800, 4000),
                 Ended(TaskStatus::kCancelled, 800, 1000), Ended(TaskStatus::kDone, 0, 1000)}));
  REQUIRE_EQ(scores.size(), 2);
  CHECK_EQ(scores[0].brier_ppm, 40'000);         // (0.8 - 1)^2
  CHECK_EQ(scores[1].brier_ppm, 640'000);        // (0.8 - 0)^2
  CHECK_EQ(scores[0].cpu_error_permille, 1000);  // 2 s for 1 s
  CHECK_EQ(scores[1].cpu_error_permille, 500);   // 2 s for 4 s
  CHECK_EQ(scores[0].wall_error_permille, 0);
  CHECK_EQ(scores[0].tests_error_permille, 500);
}

TEST_CASE("WithoutHistoryAForecastIsThePrior") {
  CHECK_EQ(ForecastOf({}, kEdits, kPrior, 100), kPrior);
  CHECK_EQ(ForecastOf(After(3, TaskStatus::kDone, 10), "coder:c:edits", kPrior, 100), kPrior);
}

TEST_CASE("ForecastsFollowHistoryAndAreNeverCertain") {
  const Forecast lucky = ForecastOf(After(40, TaskStatus::kDone, 5000), kEdits, kPrior, 100);
  const Forecast unlucky = ForecastOf(After(40, TaskStatus::kFailed, 5000), kEdits, kPrior, 100);
  CHECK_GT(lucky.success_permille, 850);
  CHECK_LT(lucky.success_permille, 1000);
  CHECK_LT(unlucky.success_permille, 150);
  CHECK_GT(unlucky.success_permille, 0);
  CHECK_GT(lucky.cpu_ms, 4500);
  CHECK_LE(lucky.cpu_ms, 5000);
  // A suite three times as long: twice the cost, since half of it is not the suite's.
  const Forecast longer = ForecastOf(After(40, TaskStatus::kDone, 5000), kEdits, kPrior, 300);
  CHECK_GT(longer.cpu_ms, 9000);
  CHECK_LE(longer.cpu_ms, 10'000);
}

TEST_CASE("OldRunsCountLessThanNewOnes") {
  Experience experience = After(40, TaskStatus::kFailed, 10);
  for (uint64_t i = 0; i < 20; ++i) {
    experience.Learn(MissionOf({Ended(TaskStatus::kDone, 550, 10)}), 100 + i);
  }
  const SkillRecord& record = *experience.Find(kEdits);
  CHECK_GT(record.successes_milli * 2, record.trials_milli);
  CHECK_LE(record.trials_milli, 16'016);  // the weight of all before is bounded
  CHECK_EQ(record.scored, 60);
}

TEST_CASE("WhatWasNotUsedForLongestIsForgottenFirst") {
  Experience experience;
  for (size_t i = 0; i <= kSkillsMax; ++i) {
    experience.Learn(MissionOf({Ended(TaskStatus::kDone, 550, 10, StrCat("skill-", 100 + i))}),
                     i + 1);
  }
  CHECK_EQ(experience.skills.size(), kSkillsMax);
  CHECK(experience.Find("skill-100") == nullptr);
  CHECK(experience.Find("skill-101") != nullptr);
  CHECK(std::is_sorted(experience.skills.begin(), experience.skills.end(),
                       [](const auto& a, const auto& b) { return a.skill < b.skill; }));
}

TEST_CASE("WhatAPlannerIsToldGivesTheSameForecastsAndNonsenseIsLeftOut") {
  const Experience experience = After(5, TaskStatus::kDone, 777);
  const Experience told = ParseExperience(ExperienceText(experience));
  CHECK_EQ(ForecastOf(told, kEdits, kPrior, 250), ForecastOf(experience, kEdits, kPrior, 250));
  CHECK(ParseExperience("a b c\n\nx 1 2 3 4 5\nx 1 2 3 4 5 -6\n").skills.empty());
  CHECK(ParseExperience("").skills.empty());
}

}  // namespace coditect
