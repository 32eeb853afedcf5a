// What a run came to.
#include "src/app/run_report.h"

#include <algorithm>

#include "src/app/approval_prompt.h"
#include "src/app/bootstrap.h"
#include "src/app/forecast_report.h"
#include "src/app/patch_file.h"
#include "src/domain/approval.h"
#include "src/domain/evidence.h"
#include "src/wire/codec.h"
#include "src/wire/json.h"

namespace coditect {
namespace {

constexpr std::chrono::seconds kLookTimeout{30};
constexpr std::string_view kHeads = "refs/heads/";

template <typename T>
T GetOr(const Context& ctx, ObjectStore& blobs, const BlobId& id) {
  if (id.empty()) return {};
  const auto bytes = blobs.Get(ctx, id);
  if (!bytes.ok()) return {};
  auto value = wire::Decode<T>(*bytes, "blob");
  return value.ok() ? *std::move(value) : T{};
}

/// Evidence of whoever was not the coder about the tip and what was delivered of it; of the coder's
/// before that.
void AddEvidence(const MissionState& mission, RunReport& report) {
  for (const TaskState& task : mission.tasks) {
    if (!task.result.evidence.has_value()) continue;
    if (task.status != TaskStatus::kDone && task.spec.intent != "merge") continue;
    const Evidence& evidence = *task.result.evidence;
    if (evidence.tree == mission.tip_tree || evidence.tree == mission.branch_tree) {
      report.evidence.push_back(evidence);
    }
  }
}

void AddTests(const Baseline& baseline, const TestReport& final, RunReport& report) {
  report.expected = baseline.passed;
  report.expected.insert(report.expected.end(), baseline.goal.begin(), baseline.goal.end());
  std::sort(report.expected.begin(), report.expected.end());
  report.flaky = baseline.flaky;
  report.network = baseline.network;
  report.outside = baseline.outside;
  const auto& cases = final.cases.empty() ? baseline.cases : final.cases;
  for (const TestCase& test : cases) {
    auto& list = test.status == TestStatus::kPassed    ? report.passed
                 : test.status == TestStatus::kSkipped ? report.skipped
                                                       : report.failed;
    list.push_back(test.id);
  }
  for (const TestCase& test : baseline.cases) {
    const bool asked_for =
        std::find(report.outside.begin(), report.outside.end(), test.id) == report.outside.end();
    if (test.status == TestStatus::kFailed && asked_for) report.failures.push_back(test);
  }
}

/// A build's id stands for no test: what there is to say of it is said under its own name.
void TakeBuildOut(const Baseline& baseline, RunReport& report) {
  const std::string id = BuildId(baseline.harness.command);
  for (auto* list : {&report.expected, &report.passed, &report.failed}) std::erase(*list, id);
  for (TestCase& test : report.failures) test.id = "build";
}

std::string BuildJson(const RunReport& report) {
  std::string out = "{";
  wire::JsonFields fields(out);
  const bool base = report.outcome == Outcome::kNothingToDo;
  const bool now = base || report.outcome == Outcome::kVerified;
  fields.Field("command", report.command);
  fields.Field("base", std::string_view(base ? "builds" : "fails"));
  fields.Field("delivered", std::string_view(now ? "builds" : "nothing"));
  return out + "}";
}

void AddChanges(const MissionState& mission, RunReport& report) {
  for (const MergedClaim& merged : mission.merge.merged) {
    const TaskState* verify = mission.Find(merged.task_id);
    const TaskState* winner = verify == nullptr ? nullptr : ClaimOf(mission, *verify);
    if (winner == nullptr) continue;
    RepairSummary change;
    change.task = winner->spec.task_id.ToString();
    change.summary = OutputOf(*winner, "summary");
    change.commit = merged.commit;
    change.files = Split(OutputOf(*winner, "files"), '\n');
    change.held_out = OutputOf(*winner, "held_out");
    report.changes.push_back(std::move(change));
  }
}

/// How the repairs were put together, and which were left out.
void AddMerging(const MissionState& mission, RunReport& report) {
  for (const MergeBatch& batch : mission.merge.batches) {
    BatchSummary summary;
    for (const TaskId id : batch.claims) summary.tasks.push_back(RepairName(mission, id));
    summary.probe = batch.probe;
    std::string_view word = EnumName(batch.verdict);
    word.remove_prefix(std::string_view("BATCH_").size());
    for (const char c : word) {
      summary.verdict += c == '_' ? ' ' : static_cast<char>(c - 'A' + 'a');
    }
    summary.reason = batch.reason;
    report.batches.push_back(std::move(summary));
  }
  for (const DroppedClaim& dropped : mission.merge.dropped) {
    const TaskState* verify = mission.Find(dropped.task_id);
    const TaskState* winner = verify == nullptr ? nullptr : ClaimOf(mission, *verify);
    if (winner == nullptr) continue;
    report.dropped.push_back({.task = winner->spec.task_id.ToString(),
                              .summary = OutputOf(*winner, "summary"),
                              .commit = winner->result.commit,
                              .reason = dropped.reason});
  }
  report.unsteady = mission.merge.flaky;
}

/// What was searched without success.
void AddTried(const MissionState& mission, RunReport& report) {
  for (const TaskState& task : mission.tasks) {
    const bool failed =
        task.status == TaskStatus::kFailed || task.status == TaskStatus::kQuarantined;
    if ((task.spec.intent != "repair" && task.spec.intent != "adopt") || !failed) continue;
    const std::string word = StrCat(OutcomeWord(Outcome::kNotVerified), ": ");
    const std::string reason =
        task.reason.starts_with(word) ? task.reason.substr(word.size()) : task.reason;
    report.tried.push_back(
        StrCat(task.spec.task_id.ToString(), ' ', task.spec.description, ": ", reason));
  }
}

void AddPlausible(const Context& ctx, const MissionState& mission, ObjectStore& blobs,
                  RunReport& report) {
  for (const TaskState& task : mission.tasks) {
    const BlobId id = OutputOf(task, "plausible");
    if (task.spec.intent != "repair" || id.empty()) continue;
    auto patches = blobs.Get(ctx, id);
    if (!patches.ok() || patches->empty()) continue;
    report.plausible.push_back({task.spec.task_id.ToString(), *std::move(patches)});
  }
}

/// What a person had to see of the result, and what they said.
void AddApprovals(const Context& ctx, const MissionState& mission, ObjectStore& blobs,
                  RunReport& report) {
  BlobId review;
  for (const Evidence& evidence : report.evidence) {
    if (!evidence.review.empty()) review = evidence.review;
  }
  for (Finding& finding : ReadReview(ctx, blobs, review)) {
    const bool other = finding.kind == kSuspicious || finding.kind == kProtected;
    (other ? report.findings : report.test_changes).push_back(std::move(finding));
  }
  for (const ApprovalState& approval : mission.approvals) {
    constexpr std::string_view kWords[] = {"open", "approved", "rejected"};
    report.approvals.push_back({.approval_id = approval.approval_id,
                                .subject = approval.subject,
                                .digest = approval.digest,
                                .reason = approval.reason,
                                .status = std::string(kWords[static_cast<size_t>(approval.status)]),
                                .principal = approval.principal,
                                .note = approval.note});
  }
}

/// A commit of the mission's, without a branch of the person's.
Delivered ResultOf(const MissionState& mission, const CommitId& commit) {
  Delivered result{.repository = mission.request.repository,
                   .branch = "",
                   .commit = commit,
                   .tree = commit == mission.branch_commit ? mission.branch_tree : mission.tip_tree,
                   .moved_from = ""};
  // The person's branches never contain a snapshot, but what it was made on.
  if (mission.request.snapshot) result.repository.base_commit = mission.request.snapshot->head;
  return result;
}

/// The repository may be anywhere by now: its part of the report is what can be seen.
void AddStanding(const Context& ctx, const StatePaths& paths, const MissionState& mission,
                 RunReport& report) {
  auto delivered = DeliveredBy(mission);
  const CommitId& kept =
      mission.outcome == Outcome::kVerified ? mission.branch_commit : mission.partial;
  if (!delivered.has_value()) {
    if (kept.empty()) return;
    delivered = ResultOf(mission, kept);
  }
  auto standing = LookAtDelivery(ctx.WithTimeout(kLookTimeout), paths, *delivered);
  if (standing.ok()) report.standing = *std::move(standing);
}

std::string StandingJson(const Standing& standing, const RunReport& report) {
  std::string out = "{";
  wire::JsonFields fields(out);
  fields.Field("branch_state", std::string_view(report.branch.empty()                 ? "none"
                                                : standing.branch_at.empty()          ? "deleted"
                                                : standing.branch_at == report.commit ? "delivered"
                                                                                      : "moved"));
  fields.Field("base_branch", standing.base_branch);
  fields.Field("base_at", standing.base_at);
  fields.Field("behind", standing.behind);
  fields.Field("rewritten", standing.rewritten);
  fields.Field("merged", standing.merged);
  fields.Field("merges_cleanly", standing.clean);
  fields.Field("conflicts", standing.conflicts);
  return out + "}";
}

void AddPlan(const MissionState& mission, RunReport& report) {
  if (!mission.request.plan_only || mission.plan_version < 2) return;
  PlanSummary& plan = report.plan.emplace();
  plan.version = mission.plan_version;
  plan.index = mission.plan_index;
  for (const TaskState* task : TasksOfPlan(mission, mission.plan_version)) {
    plan.tasks.push_back(task->spec);
  }
}

/// What the run gave, by the ledger.
void AddDelivery(const MissionState& mission, RunReport& report) {
  report.deliver = ParseDelivery(mission.request.deliver).mode;
  if (mission.outcome != Outcome::kVerified) return;
  report.commit = mission.branch_commit;
  if (report.deliver != DeliveryMode::kPatch) {
    report.branch = mission.branch.substr(kHeads.size());
    report.moved_from = mission.branch_old;
    return;
  }
  report.patch_file = PatchFileOf(mission);
  for (const TaskState& task : mission.tasks) {
    if (task.spec.intent == "deliver") report.patch = OutputOf(task, "patch");
  }
}

void AddNext(const MissionState& mission, RunReport& report) {
  const std::string in = StrCat("git -C ", CommandWord(report.repository), " ");
  if (report.outcome == Outcome::kPlanned && report.plan.has_value()) {
    report.next.push_back(
        StrCat("coditect run --plan ", mission.id, " --check-index ", report.plan->index));
  }
  if (!report.patch_file.empty()) {
    report.next.push_back(
        StrCat(in, report.snapshot ? "apply " : "am --3way ", CommandWord(report.patch_file)));
  }
  if (!report.moved_from.empty()) {
    report.next.push_back(StrCat(in, "log --oneline ", report.moved_from.substr(0, 12), "..",
                                 report.commit.substr(0, 12)));
    report.next.push_back(StrCat("coditect diff ", mission.id));
  }
  const std::optional<Standing>& standing = report.standing;
  if (OpenApproval(mission) != nullptr) {
    if (!mission.tip.empty()) report.next.push_back("coditect diff " + mission.id);
    report.next.push_back("coditect approve " + mission.id);
    report.next.push_back(StrCat("coditect reject ", mission.id, " --reason TEXT"));
    return;
  }
  if (standing.has_value() && !report.branch.empty() && standing->branch_at.empty() &&
      report.moved_from.empty()) {
    report.next.push_back(StrCat("coditect diff ", mission.id));
    if (!standing->merged) report.next.push_back(RestoreCommand(*DeliveredBy(mission)));
  } else if (!report.branch.empty() && report.moved_from.empty()) {
    report.next.push_back(StrCat(in, "diff ", report.base.substr(0, 12), "..", report.branch));
    const bool merged = standing.has_value() && standing->merged;
    report.next.push_back(StrCat("coditect ", merged ? "undo " : "merge ", mission.id));
  } else if (!report.partial.empty()) {
    report.next.push_back(
        StrCat(in, "diff ", report.base.substr(0, 12), "..", report.partial.substr(0, 12)));
  }
  if (mission.status == MissionStatus::kStopped || report.status == "interrupted") {
    report.next.push_back("coditect resume " + mission.id);
  }
  report.next.push_back(
      StrCat("coditect show ", mission.id, report.evidence.empty() ? "" : " --evidence"));
  if (report.next.size() < 3) report.next.push_back("coditect logs " + mission.id);
}

}  // namespace

std::string CommandWord(const std::string& path) {
  if (EscapeForTerminal(path) == path) return ShellQuote(path);
  std::string out = "$'";
  for (const char c : path) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == '\'' || c == '\\') {
      StrAppend(out, '\\', c);
    } else if (byte < 0x20 || byte >= 0x7f) {
      StrAppend(out, "\\x", HexEncode({&c, 1}));
    } else {
      out += c;
    }
  }
  return out + "'";
}

std::optional<Delivered> DeliveredBy(const MissionState& mission) {
  if (mission.outcome != Outcome::kVerified || !mission.branch.starts_with(kHeads)) {
    return std::nullopt;
  }
  Delivered delivered = ResultOf(mission, mission.branch_commit);
  delivered.branch = mission.branch;
  delivered.moved_from = mission.branch_old;
  return delivered;
}

std::vector<OtherResult> OtherResultsOf(const Context& ctx, const StatePaths& paths,
                                        const ShardState& state, const MissionState& mission) {
  const RepositoryRef& repository = mission.request.repository;
  const CommitId& commit = mission.branch_commit.empty() ? mission.tip : mission.branch_commit;
  if (commit.empty()) return {};
  std::vector<const MissionState*> found;
  for (const auto& [id, other] : state.missions) {
    const bool same = other.request.repository.common_dir == repository.common_dir;
    if (id != mission.id && same && !other.tip.empty()) found.push_back(&other);
  }
  std::sort(found.begin(), found.end(), [](const MissionState* a, const MissionState* b) {
    return a->accepted_sequence > b->accepted_sequence;
  });
  std::vector<OtherResult> others;
  for (const MissionState* other : found) {
    const auto delivered = DeliveredBy(*other);
    if (delivered.has_value()) {  // a branch that was deleted is no result any more
      const auto standing = LookAtDelivery(ctx.WithTimeout(kLookTimeout), paths, *delivered);
      if (!standing.ok() || standing->branch_at.empty()) continue;
    }
    others.push_back({.run = other->id, .commit = delivered ? delivered->commit : other->tip});
    if (others.size() == kOthersMax) break;
  }
  if (others.empty()) return {};
  Delivered own{.repository = repository, .branch = "", .commit = commit, .tree = ""};
  auto looked = LookAtOtherResults(ctx.WithTimeout(kLookTimeout), paths, own, std::move(others));
  return looked.ok() ? *std::move(looked) : std::vector<OtherResult>();
}

std::string RestoreCommand(const Delivered& delivered) {
  return StrCat("git -C ", CommandWord(delivered.repository.path), " branch ",
                delivered.branch.substr(kHeads.size()), " ", delivered.commit);
}

std::string StatusWord(const MissionState& mission, bool owned) {
  switch (mission.status) {
    case MissionStatus::kActive:
      return owned ? "running" : "interrupted";
    case MissionStatus::kInterrupted:
      return "interrupted";
    case MissionStatus::kQuarantined:
      return "quarantined";
    default:
      return std::string(OutcomeWord(mission.outcome));
  }
}

RunReport MakeReport(const Context& ctx, const StatePaths& paths, const MissionState& mission,
                     ObjectStore& blobs, bool owned) {
  RunReport report;
  report.run = mission.id;
  report.trace_id = mission.request.trace_id;
  report.status = StatusWord(mission, owned);
  report.outcome =
      mission.status == MissionStatus::kQuarantined ? Outcome::kError : mission.outcome;
  report.reason = mission.reason;
  report.base = mission.request.repository.base_commit;
  report.base_name = mission.request.repository.base_name;
  report.repository = mission.request.repository.path;
  report.partial = mission.partial;
  report.snapshot = mission.request.snapshot;
  report.usage = mission.usage;
  AddDelivery(mission, report);
  AddPlan(mission, report);
  AddStanding(ctx, paths, mission, report);
  AddEvidence(mission, report);
  if (mission.baseline.has_value()) {
    const auto baseline = GetOr<Baseline>(ctx, blobs, mission.baseline->baseline);
    TestReport final;
    if (!report.evidence.empty()) {
      final = GetOr<TestReport>(ctx, blobs, report.evidence.back().report);
    }
    AddTests(baseline, final, report);
    report.kind = mission.baseline->kind;
    report.command = baseline.harness.command;
    if (report.kind == "build") TakeBuildOut(baseline, report);
  }
  AddChanges(mission, report);
  AddMerging(mission, report);
  report.forecasts = ScoreForecasts(mission);
  AddTried(mission, report);
  AddPlausible(ctx, mission, blobs, report);
  AddApprovals(ctx, mission, blobs, report);
  AddNext(mission, report);
  return report;
}

std::string ReportJson(const RunReport& report) {
  std::string out = "{";
  wire::JsonFields fields(out);
  fields.Field("schema", std::string_view("coditect.run/v1"));
  fields.Field("run", report.run);
  fields.Field("status", report.status);
  fields.Field("outcome", OutcomeWord(report.outcome));
  fields.Field("reason", report.reason);
  fields.Field("base", report.base);
  fields.Field("branch", report.branch);
  fields.Field("partial", report.partial);
  fields.Field("commit", report.commit);
  fields.Field("deliver", DeliveryWord(report.deliver));
  if (!report.moved_from.empty()) fields.Field("moved_from", report.moved_from);
  if (!report.patch_file.empty()) fields.Field("patch_file", report.patch_file);
  if (report.plan.has_value()) fields.Field("plan", *report.plan);
  if (report.snapshot.has_value()) fields.Field("snapshot", *report.snapshot);
  if (!report.others.empty()) fields.Field("others", report.others);
  if (report.standing.has_value()) {
    out += ",\"standing\":" + StandingJson(*report.standing, report);
  }
  if (!report.kind.empty()) fields.Field("kind", report.kind);
  if (report.kind == "build") out += ",\"build\":" + BuildJson(report);
  out += ",\"tests\":{";
  wire::JsonFields tests(out);
  tests.Field("expected", report.expected);
  tests.Field("passed", report.passed);
  tests.Field("failed", report.failed);
  tests.Field("skipped", report.skipped);
  tests.Field("flaky", report.flaky);
  tests.Field("network", report.network);
  tests.Field("outside", report.outside);
  tests.Field("unsteady", report.unsteady);
  out += "}";
  fields.Field("changes", report.changes);
  fields.Field("batches", report.batches);
  fields.Field("dropped", report.dropped);
  fields.Field("tried", report.tried);
  fields.Field("plausible", report.plausible);
  fields.Field("test_changes", report.test_changes);
  fields.Field("findings", report.findings);
  fields.Field("approvals", report.approvals);
  fields.Field("evidence", report.evidence);
  out += ",\"forecast\":" + ForecastJson(report.forecasts);
  fields.Field("usage", report.usage);
  fields.Field("cpu_seconds", static_cast<double>(report.usage.cpu_ms) / 1000);
  fields.Field("cost_usd", 0.0);
  fields.Field("next", report.next);
  return out + "}";
}

}  // namespace coditect
