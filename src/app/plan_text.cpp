// A plan as text and graph.
#include "src/app/plan_text.h"

#include "src/base/strings.h"

namespace coditect {
namespace {

std::string ExpectedText(const TaskSpec& task) {
  std::vector<std::string> parts;
  for (const Expectation& e : task.expectations) parts.push_back(StrCat(e.predicate, " ", e.value));
  return Join(parts, ", ");
}

std::string ForecastText(const Forecast& forecast) {
  std::vector<std::string> parts;
  if (forecast.success_permille > 0) {
    parts.push_back(StrCat((forecast.success_permille + 5) / 10, " % likely"));
  }
  if (forecast.wall_ms > 0) parts.push_back(StrCat("about ", SecondsText(forecast.wall_ms)));
  return Join(parts, ", ");
}

/// Inside double quotes of both languages. Names of branches are all that comes from outside.
std::string LabelText(const TaskSpec& task, std::string_view line_break) {
  std::string out;
  for (const char c : EscapeForTerminal(task.description)) {
    if (c == '"' || c == '\\' || c == '<' || c == '>' || c == '&' || c == '#') {
      out += '\'';
    } else {
      out += c;
    }
  }
  return StrCat(task.task_id.ToString(), " ", task.intent, " (", RoleName(task.role), ")",
                line_break, out);
}

std::string_view EdgeWord(DependencyMode mode) {
  return mode == DependencyMode::kWinner    ? "winner"
         : mode == DependencyMode::kSettled ? "ended"
                                            : "";
}

std::string NodeName(TaskId id) { return StrCat("t", id.ordinal); }

}  // namespace

std::string WaitsText(const TaskSpec& task) {
  std::string text;
  for (size_t i = 0; i < task.dependencies.size(); ++i) {
    text += (text.empty() ? " <- " : ", ") + task.dependencies[i].ToString();
    if (task.dependency_modes[i] == DependencyMode::kWinner) text += "?";
    if (task.dependency_modes[i] == DependencyMode::kSettled) text += "*";
  }
  return text;
}

std::vector<std::string> PlanTaskLines(const PlanSummary& plan) {
  std::vector<std::string> lines;
  for (const TaskSpec& task : plan.tasks) {
    lines.push_back(StrCat(task.task_id.ToString(), " ", task.intent, " (", RoleName(task.role),
                           "): ", task.description, WaitsText(task)));
    const std::string expected = ExpectedText(task);
    const std::string forecast = ForecastText(task.forecast);
    if (expected.empty() && forecast.empty()) continue;
    lines.push_back(StrCat("    ", expected.empty() ? "" : "expected: " + expected,
                           expected.empty() || forecast.empty() ? "" : "; ", forecast));
  }
  return lines;
}

std::string PlanMermaid(const PlanSummary& plan) {
  std::string out = "flowchart TD\n";
  for (const TaskSpec& task : plan.tasks) {
    StrAppend(out, "  ", NodeName(task.task_id), "[\"", LabelText(task, "<br/>"), "\"]\n");
  }
  for (const TaskSpec& task : plan.tasks) {
    for (size_t i = 0; i < task.dependencies.size(); ++i) {
      const std::string_view word = EdgeWord(task.dependency_modes[i]);
      StrAppend(out, "  ", NodeName(task.dependencies[i]), word.empty() ? " -->" : " -. ", word,
                word.empty() ? " " : " .-> ", NodeName(task.task_id), "\n");
    }
  }
  return out;
}

std::string PlanDot(const PlanSummary& plan) {
  std::string out = "digraph plan {\n  node [shape=box];\n";
  for (const TaskSpec& task : plan.tasks) {
    StrAppend(out, "  ", NodeName(task.task_id), " [label=\"", LabelText(task, "\\n"), "\"];\n");
  }
  for (const TaskSpec& task : plan.tasks) {
    for (size_t i = 0; i < task.dependencies.size(); ++i) {
      const std::string_view word = EdgeWord(task.dependency_modes[i]);
      StrAppend(out, "  ", NodeName(task.dependencies[i]), " -> ", NodeName(task.task_id));
      if (!word.empty()) StrAppend(out, " [style=dashed, label=\"", word, "\"]");
      out += ";\n";
    }
  }
  return out + "}\n";
}

}  // namespace coditect
