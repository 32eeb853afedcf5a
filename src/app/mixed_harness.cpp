// Two suites of one repository as one.
#include "src/app/mixed_harness.h"

#include <algorithm>
#include <utility>

#include "src/base/strings.h"

namespace coditect {
namespace {

constexpr std::string_view kMixed = "mixed";
constexpr const char* kBuildInPlace = "-Bbuild";  // an argument of the compiled part's plan

std::string MarkOf(const HarnessPlan& compiled) { return StrCat(compiled.runner, ":"); }

bool IsPython(std::string_view path) { return path.ends_with(".py") || path.ends_with(".pyi"); }

/// The ids of one part as it knows them.
std::vector<std::string> IdsOf(const std::vector<std::string>& ids, const std::string& mark,
                               bool compiled) {
  std::vector<std::string> out;
  for (const std::string& id : ids) {
    if (id.starts_with(mark) == compiled) out.push_back(compiled ? id.substr(mark.size()) : id);
  }
  return out;
}

/// The request of one part; without ids when the whole suite is meant.
TestRunRequest PartOf(const TestRunRequest& request, bool compiled) {
  const HarnessPlan& plan = request.plan.parts[compiled ? 0 : 1];
  const std::string mark = MarkOf(request.plan.parts[0]);
  TestRunRequest part = request;
  part.plan = plan;
  part.ids = IdsOf(request.ids, mark, compiled);
  std::erase_if(part.watched,
                [&](const FileLines& file) { return IsPython(file.file) == compiled; });
  if (part.trace == TraceMode::kWatched && part.watched.empty()) part.trace = TraceMode::kNone;
  if (compiled && request.on_test) {
    part.on_test = [&request, mark](const TestCase& test) {
      TestCase marked = test;
      marked.id = mark + marked.id;
      request.on_test(marked);
    };
  }
  return part;
}

template <typename T>
void Append(std::vector<T>* list, std::vector<T>&& more) {
  list->insert(list->end(), std::make_move_iterator(more.begin()),
               std::make_move_iterator(more.end()));
}

void Merge(TestReport* report, TestReport&& more) {
  Append(&report->cases, std::move(more.cases));
  Append(&report->collection_errors, std::move(more.collection_errors));
  Append(&report->coverage, std::move(more.coverage));
  Append(&report->executed, std::move(more.executed));
  Append(&report->warnings, std::move(more.warnings));
  if (report->normal_end) {
    report->normal_end = more.normal_end;
    report->ended_by = more.ended_by;
  }
  if (report->exit_code == 0) report->exit_code = more.exit_code;
  report->wall_ms += more.wall_ms;
  report->cpu_ms += more.cpu_ms;
  report->memory_bytes = std::max(report->memory_bytes, more.memory_bytes);
  report->output += more.output;
}

bool FailedIn(const TestReport& report) {
  return std::ranges::any_of(
      report.cases, [](const TestCase& test) { return test.status == TestStatus::kFailed; });
}

}  // namespace

bool DeclaresPython(const std::vector<TreeEntry>& files) {
  constexpr std::string_view kMarks[] = {"pyproject.toml", "setup.py", "setup.cfg", "tox.ini",
                                         "pytest.ini"};
  return std::ranges::any_of(files, [&](const TreeEntry& entry) {
    return std::ranges::find(kMarks, entry.path) != std::end(kMarks);
  });
}

HarnessPlan MixedPlan(const std::vector<TreeEntry>& files, HarnessPlan compiled,
                      HarnessPlan python) {
  HarnessPlan plan;
  plan.language = std::string(kMixed);
  plan.runner = StrCat(compiled.runner, "+", python.runner);
  plan.command = StrCat(compiled.command, " && ", python.command);
  plan.interpreter = python.interpreter;
  plan.runner_version = python.runner_version;
  plan.language_version = python.language_version;
  plan.notes = compiled.notes;
  Append(&plan.notes, std::vector<std::string>(python.notes));
  std::ranges::set_union(compiled.test_files, python.test_files,
                         std::back_inserter(plan.test_files));
  const bool taken = std::ranges::any_of(
      files, [](const TreeEntry& entry) { return entry.path.starts_with("build/"); });
  if (compiled.runner == "ctest" && !taken) compiled.arguments.emplace_back(kBuildInPlace);
  plan.parts = {std::move(compiled), std::move(python)};
  return plan;
}

bool IsMixed(const HarnessPlan& plan) { return plan.language == kMixed && plan.parts.size() == 2; }

StatusOr<TestReport> RunMixed(const Context& ctx, TestHarness& compiled, TestHarness& python,
                              Workspace& workspace, const TestRunRequest& request) {
  const TestRunRequest first = PartOf(request, /*compiled=*/true);
  TestRunRequest second = PartOf(request, /*compiled=*/false);
  // What the Python tests load is built also when only they are wanted.
  ASSIGN_OR_RETURN(TestReport report, compiled.Run(ctx, workspace, first));
  const std::string mark = MarkOf(request.plan.parts[0]);
  if (!request.ids.empty() && first.ids.empty()) report.cases.clear();
  for (TestCase& test : report.cases) test.id = mark + test.id;
  for (TestCoverage& coverage : report.coverage) coverage.id = mark + coverage.id;
  for (SanitizerFinding& finding : report.findings) finding.id = mark + finding.id;
  report.command = request.plan.command;
  const bool stop = !report.normal_end || (request.stop_at_first_failure && FailedIn(report));
  if (stop || (!request.ids.empty() && second.ids.empty())) return report;
  if (second.limits.wall.count() > 0) {
    const std::chrono::milliseconds used(report.wall_ms);
    second.limits.wall = std::max(second.limits.wall - used, std::chrono::milliseconds(1));
  }
  ASSIGN_OR_RETURN(TestReport more, python.Run(ctx, workspace, second));
  Merge(&report, std::move(more));
  return report;
}

StatusOr<std::unique_ptr<CandidateFilter>> OpenMixedFilter(const Context& ctx,
                                                           TestHarness& compiled,
                                                           TestHarness& python,
                                                           Workspace& workspace,
                                                           const FilterRequest& request) {
  const std::string mark = MarkOf(request.plan.parts[0]);
  const bool use_compiled = !IdsOf(request.failing, mark, true).empty();
  FilterRequest part = request;
  part.plan = request.plan.parts[use_compiled ? 0 : 1];
  part.failing = IdsOf(request.failing, mark, use_compiled);
  part.passing = IdsOf(request.passing, mark, use_compiled);
  std::erase_if(part.files,
                [&](const std::string& file) { return IsPython(file) == use_compiled; });
  return (use_compiled ? compiled : python).OpenFilter(ctx, workspace, part);
}

}  // namespace coditect
