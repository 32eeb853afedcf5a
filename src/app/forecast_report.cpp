// Forecasts against what happened.
#include "src/app/forecast_report.h"

#include <array>
#include <cstdio>

#include "src/base/strings.h"
#include "src/wire/json.h"

namespace coditect {
namespace {

/// Mean errors of some tasks. Errors are relative: 0.5 is half as much off as it really was.
struct ForecastMeans {
  size_t tasks = 0;
  size_t costed = 0;
  double brier = 0;
  double cpu_error = 0;
  double wall_error = 0;
  double tests_error = 0;
};

double PerTask(uint64_t sum, uint64_t count, double unit) {
  return count == 0 ? 0 : static_cast<double>(sum) / unit / static_cast<double>(count);
}

ForecastMeans MeansOf(const std::vector<TaskScore>& scores) {
  uint64_t brier = 0, cpu = 0, wall = 0, tests = 0;
  ForecastMeans means;
  for (const TaskScore& score : scores) {
    means.tasks += 1;
    means.costed += score.costed ? 1 : 0;
    brier += score.brier_ppm;
    cpu += score.cpu_error_permille;
    wall += score.wall_error_permille;
    tests += score.tests_error_permille;
  }
  means.brier = PerTask(brier, means.tasks, 1e6);
  means.cpu_error = PerTask(cpu, means.costed, 1e3);
  means.wall_error = PerTask(wall, means.costed, 1e3);
  means.tests_error = PerTask(tests, means.costed, 1e3);
  return means;
}

ForecastMeans MeansOf(const SkillRecord& r) {
  return {.tasks = r.scored,
          .costed = r.costed,
          .brier = PerTask(r.brier_ppm_sum, r.scored, 1e6),
          .cpu_error = PerTask(r.cpu_error_permille_sum, r.costed, 1e3),
          .wall_error = PerTask(r.wall_error_permille_sum, r.costed, 1e3),
          .tests_error = PerTask(r.tests_error_permille_sum, r.costed, 1e3)};
}

std::string Rounded(double value, const char* format) {
  std::array<char, 32> text{};
  (void)std::snprintf(text.data(), text.size(), format, value);
  return text.data();
}

void AddMeans(wire::JsonFields& fields, const ForecastMeans& means) {
  fields.Field("tasks", means.tasks);
  fields.Field("brier", means.brier);
  fields.Field("costed", means.costed);
  fields.Field("cpu_error", means.cpu_error);
  fields.Field("wall_error", means.wall_error);
  fields.Field("tests_error", means.tests_error);
}

}  // namespace

std::string ForecastSentence(const std::vector<TaskScore>& scores) {
  if (scores.empty()) return "";
  const ForecastMeans means = MeansOf(scores);
  std::string text = StrCat("Forecasts of ", Counted(means.tasks, "task"), ": Brier score ",
                            Rounded(means.brier, "%.2f"), " for success");
  if (means.costed > 0) {
    StrAppend(text, "; off by ", Rounded(means.cpu_error, "%.1f"), " x in CPU, ",
              Rounded(means.wall_error, "%.1f"), " x in time, ", Rounded(means.tests_error, "%.1f"),
              " x in tests");
  }
  return text;
}

std::string ForecastJson(const std::vector<TaskScore>& scores) {
  std::string out = "{";
  wire::JsonFields fields(out);
  AddMeans(fields, MeansOf(scores));
  out += ",\"of\":[";
  for (size_t i = 0; i < scores.size(); ++i) {
    const TaskScore& score = scores[i];
    out += i == 0 ? "{" : ",{";
    wire::JsonFields task(out);
    task.Field("task", score.task_id);
    task.Field("skill", score.skill);
    task.Field("success_forecast", static_cast<double>(score.forecast.success_permille) / 1000);
    task.Field("success", score.done);
    task.Field("cpu_ms_forecast", score.forecast.cpu_ms);
    task.Field("cpu_ms", score.used.cpu_ms);
    task.Field("wall_ms_forecast", score.forecast.wall_ms);
    task.Field("wall_ms", score.used.wall_ms);
    task.Field("tests_forecast", score.forecast.tests);
    task.Field("tests", score.used.tests);
    out += "}";
  }
  return out + "]}";
}

std::string SkillsText(const Experience& experience) {
  const auto pad = [](std::string text, size_t width) {
    if (text.size() < width) text.append(width - text.size(), ' ');
    return text + ' ';
  };
  const auto row = [&](const std::array<std::string, 8>& cells) {
    constexpr std::array<size_t, 8> kWidths = {28, 7, 8, 8, 8, 8, 6, 0};
    std::string line;
    for (size_t i = 0; i < cells.size(); ++i) line += pad(cells[i], kWidths[i]);
    while (line.ends_with(' ')) line.pop_back();
    return line + "\n";
  };
  std::string out =
      row({"SKILL", "TASKS", "SUCCESS", "CPU s", "TIME s", "TESTS", "BRIER", "OFF BY (CPU, TIME)"});
  for (const SkillRecord& r : experience.skills) {
    const ForecastMeans means = MeansOf(r);
    const double success = r.trials_milli == 0 ? 0
                                               : static_cast<double>(r.successes_milli) /
                                                     static_cast<double>(r.trials_milli);
    out += row({EscapeForTerminal(r.skill), std::to_string(r.scored),
                Rounded(100 * success, "%.0f %%"),
                Rounded(static_cast<double>(r.cpu_ms) / 1000, "%.1f"),
                Rounded(static_cast<double>(r.wall_ms) / 1000, "%.1f"), std::to_string(r.tests),
                Rounded(means.brier, "%.2f"),
                StrCat(Rounded(means.cpu_error, "%.1f"), " x, ", Rounded(means.wall_error, "%.1f"),
                       " x")});
  }
  return out;
}

std::string SkillsJson(const Experience& experience) {
  std::string out = "{\"schema\":\"coditect.forecasts/v1\",\"skills\":[";
  for (size_t i = 0; i < experience.skills.size(); ++i) {
    const SkillRecord& r = experience.skills[i];
    out += i == 0 ? "{" : ",{";
    wire::JsonFields fields(out);
    fields.Field("skill", r.skill);
    fields.Field("weight", static_cast<double>(r.trials_milli) / 1000);
    fields.Field("success", r.trials_milli == 0 ? 0.0
                                                : static_cast<double>(r.successes_milli) /
                                                      static_cast<double>(r.trials_milli));
    fields.Field("cpu_ms", r.cpu_ms);
    fields.Field("wall_ms", r.wall_ms);
    fields.Field("tests", r.tests);
    AddMeans(fields, MeansOf(r));
    out += "}";
  }
  return out + "]}\n";
}

}  // namespace coditect
