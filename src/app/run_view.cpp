// Shows a run while it happens.
#include "src/app/run_view.h"

#include <algorithm>

#include "src/app/journal.h"
#include "src/app/plan_text.h"
#include "src/base/strings.h"

namespace coditect {
namespace {

constexpr std::chrono::milliseconds kQuietMax{1500};  // without a terminal: never silent > 2 s

std::string Elapsed(std::chrono::steady_clock::duration duration) {
  const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(duration).count();
  return seconds < 60 ? StrCat(seconds, " s") : StrCat(seconds / 60, " min ", seconds % 60, " s");
}

std::string VerbOf(const std::string& intent) {
  if (intent == "observe") return "Observed";
  if (intent == "localize") return "Localized";
  if (intent == "plan") return "Planned";
  if (intent == "repair") return "Repaired";
  if (intent == "adopt") return "Adopted";
  if (intent == "verify") return "Verified";
  if (intent == "merge") return "Merged";
  if (intent == "integrate") return "Integrated";
  return "Delivered";
}

}  // namespace

std::vector<std::string> PlanLines(const MissionState& mission, uint32_t version) {
  std::vector<std::string> lines;
  for (const TaskState* task : TasksOfPlan(mission, version)) {
    lines.push_back(StrCat(task->spec.task_id.ToString(), ' ', task->spec.intent, ": ",
                           task->spec.description, WaitsText(task->spec)));
  }
  return lines;
}

RunView::RunView(ProgressMode mode, MissionId mission_id, const Clock& clock)
    : area_(mode),
      mission_id_(std::move(mission_id)),
      clock_(clock),
      started_(clock.Now()),
      last_line_(started_) {}

void RunView::Show(const std::vector<Event>& events, const ShardState& state) {
  const MissionState* mission = state.Find(mission_id_);
  if (mission == nullptr) return;
  for (const Event& event : events) {
    if (event.mission_id != mission_id_) continue;
    if (area_.mode() == ProgressMode::kJsonLines) {
      area_.Object("event", JournalLine(event, mission_id_, mission->request.trace_id));
      last_line_ = clock_.Now();
    } else {
      ShowEvent(event, *mission);
    }
  }
}

void RunView::ShowEvent(const Event& event, const MissionState& mission) {
  const auto say = [&](const std::string& verb, const std::string& text) {
    area_.Line(verb, text);
    last_line_ = clock_.Now();
  };
  if (const auto* plan = std::get_if<PlanAccepted>(&event.body)) {
    if (plan->plan_version < 2) return;
    say("Plan", StrCat("version ", plan->plan_version, ", ", plan->task_count, " tasks"));
    for (const std::string& line : PlanLines(mission, plan->plan_version)) say("", line);
  } else if (const auto* done = std::get_if<TaskDone>(&event.body)) {
    if (const TaskState* task = mission.Find(done->task_id)) ShowDone(mission, *task);
    last_line_ = clock_.Now();
  } else if (const auto* failed = std::get_if<TaskFailed>(&event.body)) {
    const TaskState* task = mission.Find(failed->task_id);
    say("Gave up", StrCat(failed->task_id.ToString(), ' ',
                          task != nullptr ? task->spec.description : "", ": ", failed->reason));
  } else if (const auto* violation = std::get_if<ViolationFound>(&event.body)) {
    say("Surprise", StrCat(violation->task_id.ToString(), " expected ", violation->expected,
                           ", found ", violation->actual));
  } else if (const auto* retried = std::get_if<TaskRetried>(&event.body)) {
    say("Retry", StrCat(retried->task_id.ToString(), ": ", retried->reason));
  } else if (const auto* batch = std::get_if<BatchDecided>(&event.body)) {
    std::vector<std::string> repairs;
    for (const TaskId id : batch->claims) repairs.push_back(RepairName(mission, id));
    say(batch->probe ? "Probe" : "Batch",
        StrCat(batch->number, ": ", Join(repairs, ", "), " together"));
  } else if (const auto* dropped = std::get_if<ClaimDropped>(&event.body)) {
    say("Dropped", StrCat(RepairName(mission, dropped->task_id), ": ", dropped->reason));
  } else if (const auto* advanced = std::get_if<BaseAdvanced>(&event.body)) {
    say("Goes on", StrCat("from tree ", advanced->tree.substr(0, 12), ", which builds"));
  } else if (const auto* asked = std::get_if<ApprovalRequested>(&event.body)) {
    say("Approval", StrCat(asked->subject, ": ", asked->reason));
  } else if (const auto* settled = std::get_if<ApprovalSettled>(&event.body)) {
    say(settled->approved ? "Approved" : "Rejected",
        StrCat("by ", settled->principal, settled->note.empty() ? "" : ": ", settled->note));
  } else if (std::holds_alternative<MissionResumed>(event.body)) {
    say("Resumed", StrCat(mission_id_, " goes on from what was acknowledged"));
  } else if (const auto* interrupted = std::get_if<MissionInterrupted>(&event.body)) {
    say("Paused", interrupted->reason);
  }
}

void RunView::ShowDone(const MissionState& mission, const TaskState& task) {
  const std::string& intent = task.spec.intent;
  std::string text;
  if (intent == "observe" && mission.baseline.has_value()) {
    const BaselineSummary& b = *mission.baseline;
    text = b.kind == "build" ? OutputOf(task, "summary")
                             : StrCat(b.passed, " tests pass, ", b.failing, " fail");
    if (b.flaky > 0) text += StrCat(", ", b.flaky, " flaky (left out)");
    if (b.network > 0) text += StrCat(", ", b.network, " need the network (left out)");
    for (const std::string& note : Split(OutputOf(task, "notes"), '\n')) {
      if (!note.empty()) area_.Line("Note", note);
    }
  } else if (intent == "repair" || intent == "adopt") {
    text = OutputOf(task, "summary");
  } else if (intent == "verify" && task.result.evidence.has_value()) {
    const Evidence& e = *task.result.evidence;
    text = e.kind == "build"     ? StrCat("it builds on tree ", e.tree.substr(0, 12))
           : e.kind == "command" ? StrCat("the command passes on tree ", e.tree.substr(0, 12))
                                 : StrCat(e.passed, " of ", e.expected,
                                          " expected tests pass on tree ", e.tree.substr(0, 12));
  } else if (intent == "localize") {
    text = OutputOf(task, "summary");
  } else if (intent == "merge" || intent == "integrate") {
    text = StrCat("tree ", task.result.tree.substr(0, 12));
  } else if (intent == "deliver") {
    text = !mission.branch.starts_with("refs/heads/")
               ? "a patch"
               : mission.branch.substr(std::string_view("refs/heads/").size());
  } else {
    return;  // the plan itself follows
  }
  area_.Line(VerbOf(intent), text);
}

std::string RunView::Summary(
    const MissionState& mission,
    const std::map<std::string, std::map<std::string, std::string>>& progress) {
  size_t done = 0;
  size_t total = 0;
  std::string active;
  for (const TaskState& task : mission.tasks) {
    if (task.status == TaskStatus::kPlanned) continue;
    ++total;
    if (IsTerminal(task.status)) ++done;
    if (task.status != TaskStatus::kLeased) continue;
    const std::string id = task.spec.task_id.ToString();
    active += StrCat(active.empty() ? "" : ", ", id, ' ', task.spec.intent);
    const auto said = progress.find(id);
    if (said == progress.end()) continue;
    for (const auto& [name, value] : said->second) active += StrCat(' ', value, ' ', name);
  }
  return StrCat("[", done, "/", total, " tasks] ", Counted(mission.leased_total, "agent"),
                ", $0.00, ", Elapsed(clock_.Now() - started_), active.empty() ? "" : "; ", active);
}

void RunView::Tick(const ShardState& state,
                   const std::map<std::string, std::map<std::string, std::string>>& progress) {
  const MissionState* mission = state.Find(mission_id_);
  if (mission == nullptr || !mission->running()) return;
  if (area_.mode() == ProgressMode::kTty) {
    area_.Bar(Summary(*mission, progress));
  } else if (clock_.Now() - last_line_ >= kQuietMax) {
    area_.Line("Working", Summary(*mission, progress));
    last_line_ = clock_.Now();
  }
}

}  // namespace coditect
