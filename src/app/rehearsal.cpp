// What a run would do, found without doing it.
#include "src/app/rehearsal.h"

#include <memory>

#include "src/agent/mission_resources.h"
#include "src/app/config/value.h"
#include "src/app/workbench.h"
#include "src/base/file.h"
#include "src/task_queue/step.h"
#include "src/wire/json.h"

namespace coditect {
namespace {

constexpr size_t kTestsShown = 5;
constexpr std::string_view kRunsName = "<run>";  // it has no id yet

/// The look of an analyzer at the base, up to the first test.
Status Detect(const Context& ctx, const StatePaths& scratch, const MissionRequest& request,
              Rehearsal& rehearsal) {
  ASSIGN_OR_RETURN(const auto bench, Workbench::Open(scratch, scratch));
  const auto shared = std::make_shared<MissionRequest>(request);
  MissionResources resources("dry-run", shared, bench->services());
  const Lease lease{.ctx = ctx,
                    .wanted = {.mission_id = "dry-run", .task_id = {1}, .request = shared},
                    .mission = resources,
                    .services = bench->services()};
  ASSIGN_OR_RETURN(const auto* files, resources.BaseFiles(ctx));
  ASSIGN_OR_RETURN(const auto workspace, OpenWorkspace(lease, WorkspaceUse::kSearch));
  rehearsal.tier = bench->ProfileOf(request.sandbox).tier;
  ASSIGN_OR_RETURN(const Toolchain* tools, resources.toolchain(ctx));
  DetectRequest wanted;
  for (const auto& [path, entry] : *files) wanted.files.push_back(entry);
  wanted.verify_command = request.verify_command;
  wanted.toolchain = *tools;
  wanted.builds = rehearsal.kind == "build";
  ASSIGN_OR_RETURN(rehearsal.harness, bench->services().harness.Detect(ctx, *workspace, wanted));
  return absl::OkStatus();
}

/// What the task queue and the orchestrator make of the request, in a ledger of its own.
Status AskForPlan(const MissionRequest& request, Rehearsal& rehearsal) {
  ShardState state;
  std::vector<Event> events;
  Step(state, {.body = MissionRequested{.request = request}}, events);
  if (state.missions.size() != 1) return Internal("the request makes no run");
  for (const MissionProposal& proposed : Orchestrator().Decide(state.missions.begin()->second)) {
    const Proposal& proposal = proposed.proposal;
    if (proposal.kind == ProposalKind::kVerdict) {
      rehearsal.outcome = proposal.outcome;
      rehearsal.reason = proposal.reason;
    }
    if (proposal.kind != ProposalKind::kPlan) continue;
    rehearsal.plan.version = proposal.plan_version;
    for (const TaskPlanned& planned : proposed.tasks) rehearsal.plan.tasks.push_back(planned.task);
  }
  if (rehearsal.plan.tasks.empty()) return absl::OkStatus();
  const auto& parameters = rehearsal.plan.tasks.front().parameters;
  const auto goal = parameters.find("goal");
  const bool builds = goal != parameters.end() && goal->second == "build";
  rehearsal.kind = builds ? "build" : request.verify_command.empty() ? "tests" : "command";
  return absl::OkStatus();
}

/// As the report of the run would put it.
bool IsAboutRepository(const Status& status, Rehearsal& rehearsal) {
  if (absl::IsNotFound(status)) {
    rehearsal.outcome = Outcome::kNotVerified;
  } else if (absl::IsFailedPrecondition(status) || absl::IsInvalidArgument(status)) {
    rehearsal.outcome = Outcome::kError;
  } else {
    return false;
  }
  rehearsal.reason = Message(status);
  return true;
}

std::string GoalText(const Rehearsal& rehearsal, const TestSelection& selection) {
  if (rehearsal.kind == "build") return "it builds";
  if (rehearsal.kind == "command") return "the command ends with success";
  if (selection.tests.empty()) return "every test passes";
  std::vector<std::string> names;
  for (const NamedTest& test : selection.tests) names.push_back(test.name);
  const size_t more = names.size() > kTestsShown ? names.size() - kTestsShown : 0;
  names.resize(names.size() - more);
  return StrCat("these pass: ", Join(names, ", "), more == 0 ? "" : StrCat(" and ", more, " more"));
}

/// Where a verified result would go.
std::string TargetText(const MissionRequest& request) {
  if (request.plan_only) return "nothing is delivered: the run ends with its plan";
  const DeliveryPlan plan = ParseDelivery(request.deliver);
  switch (plan.mode) {
    case DeliveryMode::kBranch:
      return StrCat("branch coditect/", kRunsName, " of ", request.repository.path);
    case DeliveryMode::kFastForward:
      return StrCat("branch ", request.repository.base_name, " of ", request.repository.path,
                    ", moved when the tests pass on it as it is by then");
    case DeliveryMode::kPatch:
      return plan.patch_file.ends_with('/')
                 ? StrCat("patch ", plan.patch_file, "coditect-", kRunsName, ".patch")
                 : StrCat("patch ", plan.patch_file);
  }
  return "";
}

std::string LimitsText(const MissionRequest& request) {
  const MissionLimits& limits = request.limits;
  const std::string time =
      limits.max_time_ms == 0
          ? "no limit of time"
          : "at most " + FormatDuration(static_cast<int64_t>(limits.max_time_ms));
  const std::string agents =
      limits.agents == 0 ? "agents as this machine has cores for" : Counted(limits.agents, "agent");
  return StrCat(time, ", ", agents, ", ", Counted(limits.tests_max, "test execution"),
                " while searching, ", limits.max_retries + 1, " attempts of a task");
}

std::string VersionText(const HarnessPlan& harness) {
  const std::string language = harness.language_version.empty()
                                   ? ""
                                   : StrCat(harness.language, " ", harness.language_version);
  return harness.runner_version.empty() || language.empty()
             ? language
             : StrCat(language, ", ", harness.runner, " ", harness.runner_version);
}

}  // namespace

StatusOr<Rehearsal> Rehearse(const Context& ctx, const StatePaths& scratch,
                             const PreparedRun& prepared) {
  Rehearsal rehearsal;
  RETURN_IF_ERROR(AskForPlan(prepared.request, rehearsal));
  if (rehearsal.outcome != Outcome::kUnspecified) return rehearsal;
  const Status detected = Detect(ctx, scratch, prepared.request, rehearsal);
  if (!detected.ok() && !IsAboutRepository(detected, rehearsal)) return detected;
  return rehearsal;
}

std::string RehearsalText(const Rehearsal& rehearsal, const PreparedRun& prepared,
                          const TestSelection& tests) {
  const MissionRequest& request = prepared.request;
  std::string out;
  const auto line = [&](const auto&... parts) {
    out += EscapeForTerminal(StrCat(parts...)) + "\n";
  };
  line("Dry run of \"", request.goal, "\": nothing was run and nothing was written");
  line("Repository  ", request.repository.path);
  line("Base        ", prepared.base_line);
  if (rehearsal.outcome != Outcome::kUnspecified) {
    line("It would end at once (", OutcomeWord(rehearsal.outcome), "): ", rehearsal.reason);
    return out;
  }
  line("Goal        ", GoalText(rehearsal, tests));
  line("Judged by   `", rehearsal.harness.command, "`",
       VersionText(rehearsal.harness).empty() ? "" : " (" + VersionText(rehearsal.harness) + ")");
  for (const std::string& note : rehearsal.harness.notes) line("            ", note);
  line("Sandbox     ", rehearsal.tier, ", brain ", request.brain);
  line("Limits      ", LimitsText(request));
  if (!request.candidates.empty()) {
    line("First       ", Counted(request.candidates.size(), "candidate"), " would be judged");
  }
  if (request.approve != "none") line("Waits for   your word: --approve ", request.approve);
  line("Delivers    ", TargetText(request));
  line("Plan:");
  for (const std::string& task : PlanTaskLines(rehearsal.plan)) line("  ", task);
  line(
      "  then one search a fault by what the tests show; each repair tested by another agent, all "
      "of them together");
  return out;
}

std::string RehearsalJson(const Rehearsal& rehearsal, const PreparedRun& prepared,
                          const TestSelection& tests, std::string_view verb) {
  const MissionRequest& request = prepared.request;
  const DeliveryPlan delivery = ParseDelivery(request.deliver);
  std::string out = "{";
  wire::JsonFields fields(out);
  fields.Field("schema", std::string_view("coditect.dry_run/v1"));
  fields.Field("verb", verb);
  fields.Field("dry_run", true);
  fields.Field("goal", request.goal);
  fields.Field("outcome", OutcomeWord(rehearsal.outcome));
  fields.Field("reason", rehearsal.reason);
  fields.Field("repository", request.repository.path);
  fields.Field("base", request.repository.base_commit);
  fields.Field("base_name", request.repository.base_name);
  if (request.snapshot.has_value()) fields.Field("snapshot", *request.snapshot);
  fields.Field("kind", rehearsal.kind);
  std::vector<std::string> names;
  for (const NamedTest& test : tests.tests) names.push_back(test.name);
  fields.Field("tests", names);
  fields.Field("harness", rehearsal.harness);
  fields.Field("sandbox", rehearsal.tier);
  fields.Field("brain", request.brain);
  fields.Field("limits", request.limits);
  fields.Field("seed", request.seed);
  fields.Field("candidates", request.candidates);
  fields.Field("approve", request.approve);
  fields.Field("plan_only", request.plan_only);
  fields.Field("deliver", DeliveryWord(delivery.mode));
  fields.Field("target", TargetText(request));
  fields.Field("plan", rehearsal.plan);
  fields.Field("notes", prepared.warnings);
  return out + "}";
}

}  // namespace coditect
