// inbox, approve, reject: a person's word.
#include <algorithm>

#include "src/app/approval_prompt.h"
#include "src/app/commands/commands.h"
#include "src/app/commands/fields.h"
#include "src/app/commands/list_rows.h"
#include "src/app/commands/reading.h"
#include "src/app/exit_code.h"
#include "src/app/journal.h"
#include "src/app/mission_service.h"
#include "src/app/request.h"
#include "src/app/run_report.h"
#include "src/base/random.h"
#include "src/domain/approval.h"
#include "src/wire/json.h"

namespace coditect {
namespace {

constexpr size_t kNoteBytesMax = 1000;

InboxRow RowOfApproval(const Context& ctx, const StatePaths& paths, const MissionState& mission,
                       const ApprovalState& approval) {
  return {.run = mission.id,
          .approval_id = approval.approval_id,
          .subject = approval.subject,
          .asked = Timestamp(approval.requested_wall_ms),
          .reason = approval.reason,
          .stat = ApprovalStat(ctx, paths, mission, approval),
          .digest = approval.digest,
          .repository = mission.request.repository.path,
          .goal = mission.request.goal};
}

/// Open approvals, the oldest first.
std::vector<InboxRow> OpenRows(const Context& ctx, const Reading& reading) {
  std::vector<std::pair<int64_t, InboxRow>> found;
  for (const MissionId& id : reading.order) {
    const MissionState& mission = *reading.tail->state().Find(id);
    const ApprovalState* open = OpenApproval(mission);
    if (open == nullptr) continue;
    found.emplace_back(open->requested_wall_ms, RowOfApproval(ctx, reading.paths, mission, *open));
  }
  std::stable_sort(found.begin(), found.end(),
                   [](const auto& a, const auto& b) { return a.first < b.first; });
  std::vector<InboxRow> rows;
  for (auto& [asked, row] : found) rows.push_back(std::move(row));
  return rows;
}

Status CheckNote(const std::string& flag, const std::string& note) {
  if (!IsValidUtf8(note)) return InvalidArgument(flag, " is not valid UTF-8");
  if (note.size() <= kNoteBytesMax) return absl::OkStatus();
  return InvalidArgument(flag, " has ", note.size(), " bytes, more than ", kNoteBytesMax);
}

/// What `given` answers, if the run waits for anybody.
StatusOr<const ApprovalState*> ToAnswer(const MissionState& mission, bool owned) {
  if (const ApprovalState* open = OpenApproval(mission)) return open;
  if (!mission.approvals.empty()) {
    const ApprovalState& last = mission.approvals.back();
    const bool approved = last.status == ApprovalStatus::kApproved;
    return FailedPrecondition("run ", mission.id, " was ", approved ? "approved" : "rejected",
                              " by ", last.principal, " already",
                              approved ? StrCat("; `coditect resume ", mission.id, "` goes on")
                                       : StrCat("; `coditect show ", mission.id, "` says why"));
  }
  return FailedPrecondition("run ", mission.id, " (", StatusWord(mission, owned),
                            ") waits for nobody; `coditect inbox` lists what does");
}

/// Without an owner this process takes the lock, writes it down and leaves.
Status Deliver(const Context& ctx, const StatePaths& paths, const OwnerOptions& options,
               const MissionId& run, const ApprovalAnswered& answer) {
  constexpr int kTriesMax = 3;
  const SystemClock clock;
  Status status;
  for (int i = 0; i < kTriesMax; ++i) {
    ASSIGN_OR_RETURN(const auto service, AttachOrOwn(ctx, paths, options, RandomHex(8), clock));
    status = service->Answer(run, answer);
    if (!absl::IsUnavailable(status)) break;
  }
  if (absl::IsResourceExhausted(status)) return ExplainLedgerError(status, paths);
  return status;
}

int AnswerJson(const InboxRow& row, bool approved, bool dry_run) {
  std::string out = "{";
  wire::JsonFields fields(out);
  fields.Field("schema", std::string_view("coditect.approval/v1"));
  fields.Field("run", row.run);
  fields.Field("approval", row.approval_id);
  fields.Field("subject", row.subject);
  fields.Field("digest", row.digest);
  fields.Field("approved", approved);
  fields.Field("dry_run", dry_run);
  return Answer(out + "}\n");
}

int GiveAnswer(const GlobalOptions& global, const RunName& name, bool approved,
               const std::string& note, bool dry_run) {
  const Context ctx;
  if (Status status = CheckNote(approved ? "--note" : "--reason", note); !status.ok()) {
    return Fail(status);
  }
  auto reading = ReadLedger(ctx);
  if (!reading.ok()) return Fail(reading.status());
  const auto mission = FindRun(*reading, name, global.folder);
  if (!mission.ok()) return Fail(mission.status());
  const auto open = ToAnswer(**mission, reading->owned);
  if (!open.ok()) return Fail(open.status());
  const InboxRow row = RowOfApproval(ctx, reading->paths, **mission, **open);
  if (!dry_run) {
    auto config = LoadCommandConfig(global, "", {});
    if (!config.ok()) return Fail(config.status());
    const Status told =
        Deliver(ctx, reading->paths, MakeOwnerOptions(*config, ProcessEnvironment()), row.run,
                {.approval_id = row.approval_id,
                 .digest = row.digest,
                 .approved = approved,
                 .principal = "",
                 .note = note});
    if (!told.ok()) return Fail(told);
  }
  if (!global.quiet) {
    const bool followed = reading->owned && !(*mission)->clients.empty();
    PrintErr(EscapeForTerminal(
                 StrCat(dry_run ? "would have " : "", approved ? "approved " : "rejected ", row.run,
                        " (", row.subject, row.stat.empty() ? "" : ", ", row.stat, ")",
                        !approved  ? ""
                        : followed ? "; it goes on"
                                   : StrCat("; `coditect resume ", row.run, "` goes on"))) +
             "\n");
  }
  return global.output == "json" ? AnswerJson(row, approved, dry_run) : kExitVerified;
}

}  // namespace

int InboxCommand(const GlobalOptions& global) {
  const Context ctx;
  auto reading = ReadLedger(ctx);
  std::vector<InboxRow> rows;
  if (reading.ok()) {
    rows = OpenRows(ctx, *reading);
  } else if (!absl::IsNotFound(reading.status())) {
    return Fail(reading.status());
  }
  if (global.output == "json") {
    return Answer(StrCat("{\"schema\":\"coditect.inbox/v1\",\"approvals\":",
                         ChosenRows("inbox", rows, global.fields), "}\n"));
  }
  if (rows.empty() && !global.quiet) PrintErr("nothing waits for you\n");
  std::string out;
  for (const InboxRow& row : rows) {
    out += EscapeForTerminal(StrCat(row.run, "  ", row.subject, "  ", row.asked, "  ", row.stat,
                                    "  digest ", row.digest.substr(0, 12), "  ", row.repository)) +
           "\n    " + EscapeForTerminal(row.reason) + "\n    " +
           StrCat("coditect show ", row.run, "  coditect approve ", row.run, "  coditect reject ",
                  row.run, " --reason TEXT\n");
  }
  return Answer(out);
}

int ApproveCommand(const GlobalOptions& global, const RunName& name, const std::string& note,
                   bool dry_run) {
  return GiveAnswer(global, name, /*approved=*/true, note, dry_run);
}

int RejectCommand(const GlobalOptions& global, const RunName& name, const std::string& reason,
                  bool dry_run) {
  return GiveAnswer(global, name, /*approved=*/false, reason, dry_run);
}

}  // namespace coditect
