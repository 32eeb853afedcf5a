// Follows one run to its end.
#include "src/app/run_loop.h"

#include <signal.h>
#include <unistd.h>

#include "src/app/approval_prompt.h"
#include "src/app/commands/commands.h"
#include "src/app/exit_code.h"
#include "src/app/interrupt.h"
#include "src/app/patch_file.h"
#include "src/base/random.h"
#include "src/domain/approval.h"

namespace coditect {
namespace {

constexpr std::chrono::milliseconds kTick{50};
constexpr uint32_t kFailuresMax = 10;
/// How long the second interrupt waits for the ledger before it leaves without.
constexpr std::chrono::milliseconds kRecordPatience{2'000};
/// How long a failing disk may need to come back. (A full one may stay full: it waits.)
constexpr std::chrono::milliseconds kDiskPatience{5'000};

/// Which layers of the sandbox hold, when some do not; "" = all do.
std::string WithoutText(const SandboxProfile& profile) {
  std::vector<std::string> names;
  for (const std::string& missing : profile.missing) {
    names.push_back(missing.substr(0, missing.find(':')));
  }
  if (names.empty()) return "";
  return StrCat("the sandbox does without ", Join(names, ", "), "; it holds by ",
                profile.layers.empty() ? "nothing" : Join(profile.layers, ", "),
                " (`coditect doctor` says why)");
}

class RunLoop {
 public:
  RunLoop(const Context& ctx, const RunLoopOptions& options, const Clock& clock)
      : ctx_(ctx), options_(options), clock_(clock), client_id_(RandomHex(8)) {}

  ~RunLoop() { Release(); }

  StatusOr<RunReport> Run() {
    const InterruptReflex reflex([this] { StopAtOnce(); });
    auto result = FollowToTheEnd();
    Release();  // the agents end before the report is printed
    if (result.ok() && tail_ != nullptr && tail_->Poll(ctx_).ok() && Mission() != nullptr) {
      result->usage = Mission()->usage;  // with what the leases used that were ended
    }
    MutexLock lock(mutex_);
    ended_ = true;
    ended_changed_.NotifyAll();
    return result;
  }

 private:
  StatusOr<RunReport> FollowToTheEnd() {
    for (;;) {
      const Status ended = AttachAndFollow();
      if (ended.ok()) {
        view_->Finish();
        ASSIGN_OR_RETURN(const auto blobs, OpenBlobs(options_.paths));
        const bool open = Mission()->running() || Mission()->status == MissionStatus::kInterrupted;
        RunReport report = MakeReport(ctx_, options_.paths, *Mission(), *blobs, /*owned=*/!open);
        if (!open) report.others = OtherResultsOf(ctx_, options_.paths, tail_->state(), *Mission());
        if (open) {  // the person does not wait until the ledger says so
          report.outcome = Outcome::kStopped;
          report.reason = "stopped at once";
        }
        RETURN_IF_ERROR(GivePatch(report, *blobs));
        return report;
      }
      // The owner is gone: this process takes over, or follows whoever did.
      if (!absl::IsUnavailable(ended) || ++failures_ > kFailuresMax) return ended;
      Release();
    }
  }

  Status GivePatch(const RunReport& report, ObjectStore& blobs) {
    if (report.patch_file.empty() || report.patch.empty()) return absl::OkStatus();
    ASSIGN_OR_RETURN(const std::string patch, blobs.Get(ctx_, report.patch));
    const Status written = WritePatchFile(report.patch_file, patch);
    if (written.ok()) return written;
    return Annotate(written,
                    StrCat("the repair is verified and kept, but its patch is not written ",
                           "(once that is mended, `coditect resume ", report.run, "` writes it)"));
  }

  /// Ends what this process runs; the reflex still works while that takes its time.
  void Release() {
    if (service_ == nullptr) return;
    if (Owner* owner = service_->owner(); owner != nullptr) owner->Stop();
    {
      MutexLock lock(mutex_);
      stoppable_ = nullptr;
    }
    service_.reset();
  }

  // The second interrupt, on the reflex's thread: kill first; then there is a while to record it.
  void StopAtOnce() {
    const auto end = std::chrono::steady_clock::now() + kRecordPatience;
    MissionId elsewhere;
    {
      MutexLock lock(mutex_);
      if (stoppable_ != nullptr) {
        stoppable_->EmergencyStop();
      } else {
        elsewhere = attached_to_;
      }
    }
    if (!elsewhere.empty()) {
      Context ctx;
      ctx.deadline = end;
      const auto service = AttachOnly(ctx, options_.paths, client_id_);
      if (service.ok()) {
        (*service)->Control(elsewhere, MissionControl::kEmergencyStop).IgnoreError();
      }
    }
    MutexLock lock(mutex_);
    while (!ended_ && std::chrono::steady_clock::now() < end) {
      ended_changed_.WaitUntil(mutex_, end);
    }
    if (ended_) return;
    PrintErr(attached_to_.empty()
                 ? "coditect: stopped at once; nothing was recorded\n"
                 : StrCat("coditect: stopped at once; the ledger does not answer, so this is not ",
                          "recorded; `coditect resume ", attached_to_, "` goes on\n"));
    ::_exit(LastInterrupt() == SIGTERM ? kExitTerminated : kExitInterrupted);
  }

  Status AttachAndFollow() {
    ASSIGN_OR_RETURN(service_,
                     AttachOrOwn(ctx_, options_.paths, options_.owner, client_id_, clock_));
    {
      MutexLock lock(mutex_);
      stoppable_ = service_->owner();
    }
    const Status attached = Attach();
    if (absl::IsResourceExhausted(attached)) return ExplainLedgerError(attached, options_.paths);
    RETURN_IF_ERROR(attached);
    {
      MutexLock lock(mutex_);
      attached_to_ = mission_id_;
    }
    if (tail_ == nullptr) {
      ASSIGN_OR_RETURN(tail_, OpenLedgerTail(options_.paths));
    }
    if (view_ == nullptr) Greet();
    return Follow();
  }

  Status Attach() {
    if (!mission_id_.empty()) return service_->Control(mission_id_, MissionControl::kAttach);
    if (options_.request.has_value()) {
      ASSIGN_OR_RETURN(mission_id_, service_->Request(*options_.request));
      return absl::OkStatus();
    }
    RETURN_IF_ERROR(service_->Control(options_.mission_id, MissionControl::kAttach));
    RETURN_IF_ERROR(service_->Control(options_.mission_id, options_.run_plan
                                                               ? MissionControl::kRunPlan
                                                               : MissionControl::kResume));
    mission_id_ = options_.mission_id;
    return absl::OkStatus();
  }

  void Greet() {
    view_ = std::make_unique<RunView>(options_.progress, mission_id_, clock_);
    Owner* owner = service_->owner();
    std::string how = "brain offline";
    std::string lacks;
    if (owner != nullptr) {
      const MissionState* mission = Mission();
      const SandboxProfile profile =
          owner->sandbox_profile(options_.request     ? options_.request->sandbox
                                 : mission != nullptr ? mission->request.sandbox
                                                      : "auto");
      how = StrCat("sandbox ", profile.tier, " (", profile.workspace, "), ", how);
      lacks = WithoutText(profile);
    }
    view_->Say("Run", StrCat(mission_id_, ", ", how));
    if (!lacks.empty()) view_->Say("Note", lacks);
  }

  /// Until the mission has ended or the person does not want to wait for it.
  Status Follow() {
    for (;;) {
      RETURN_IF_ERROR(service_->WaitForNews(tail_->state().sequence, kTick));
      const bool first = tail_->state().sequence == 0;
      auto events = tail_->Poll(ctx_);
      if (events.ok() && first) events = WithEarlier(*std::move(events));
      if (!events.ok()) return ExplainLedgerError(events.status(), options_.paths);
      if (!events->empty()) failures_ = 0;
      view_->Show(*events, tail_->state());
      const MissionState* mission = Mission();
      if (mission != nullptr && mission->status != MissionStatus::kActive &&
          mission->status != MissionStatus::kInterrupted) {
        const ApprovalState* open = OpenApproval(*mission);
        if (!options_.ask || open == nullptr) return absl::OkStatus();
        ASSIGN_OR_RETURN(const bool answered, Ask(*mission, *open));
        if (!answered) return absl::OkStatus();
        continue;
      }
      RETURN_IF_ERROR(HandleInterrupts());
      if (mission != nullptr && (Interrupts() >= 2 || unrecordable_)) return absl::OkStatus();
      Owner* owner = service_->owner();
      if (owner != nullptr) RETURN_IF_ERROR(CheckHealth(owner->health()));
      view_->Tick(tail_->state(), owner == nullptr
                                      ? std::map<std::string, std::map<std::string, std::string>>()
                                      : owner->progress().Latest(mission_id_));
    }
  }

  // A run that began before the snapshot from which the tail did is shown from its beginning too.
  StatusOr<std::vector<Event>> WithEarlier(std::vector<Event> events) {
    const uint64_t snapshot = tail_->restored().snapshot_sequence;
    const MissionState* mission = Mission();
    if (mission == nullptr || mission->accepted_sequence > snapshot) return events;
    std::vector<Event> all;
    RETURN_IF_ERROR(tail_->History(ctx_, [&](const Event& event) {
      if (event.sequence <= snapshot && event.mission_id == mission_id_) all.push_back(event);
    }));
    std::move(events.begin(), events.end(), std::back_inserter(all));
    return all;
  }

  /// False when the person says nothing: the run stays as it is. Somebody else may answer
  /// meanwhile.
  StatusOr<bool> Ask(const MissionState& mission, const ApprovalState& open) {
    view_->Finish();
    PrintErr(ApprovalText(ctx_, options_.paths, mission, open));
    ApprovalAnswered answer{
        .approval_id = open.approval_id, .digest = open.digest, .principal = "", .note = ""};
    const auto unanswered = [&] {
      const bool read = tail_->Poll(ctx_).ok();
      const ApprovalState* now = OpenApproval(*Mission());
      return read && Interrupts() == 0 && now != nullptr && now->approval_id == answer.approval_id;
    };
    const Said said = AskPerson(StrCat("Approve this ", open.subject, "?"), unanswered);
    if (said == Said::kNothing) {
      PrintErr("\n");
      return OpenApproval(*Mission()) == nullptr;
    }
    answer.approved = said == Said::kYes;
    if (!answer.approved) answer.note = "at the terminal";
    const Status told = service_->Answer(mission_id_, answer);
    if (!told.ok() && !absl::IsFailedPrecondition(told)) return told;  // else somebody else did
    return true;
  }

  // The first interrupt; the second one is StopAtOnce's.
  Status HandleInterrupts() {
    if (Interrupts() < 1 || stop_recorded_) return absl::OkStatus();
    if (!stop_said_) view_->Say("Stopping", "once more (Ctrl-C) stops at once");
    stop_said_ = true;
    const Status status = service_->Control(mission_id_, MissionControl::kStop);
    stop_recorded_ = status.ok();
    if (absl::IsDeadlineExceeded(status)) return absl::OkStatus();  // asked again
    if (!absl::IsResourceExhausted(status)) return status;
    view_->Say("Stopping", StrCat("not recorded: ", Message(status)));
    unrecordable_ = true;
    return absl::OkStatus();
  }

  // A full disk is waited for; one that fails ends the run, to be resumed when it is mended.
  Status CheckHealth(const TaskQueue::Health& health) {
    if (health.status.ok()) {
      if (waiting_) view_->Say("Going on", "the ledger can be written again");
      waiting_ = false;
      return absl::OkStatus();
    }
    if (absl::IsResourceExhausted(health.status)) {
      if (!waiting_) {
        view_->Say("Waiting", StrCat("no space left on the disk of ", options_.paths.state,
                                     ": free some and the run goes on (",
                                     EscapeForTerminal(Message(health.status)), ")"));
      }
      waiting_ = true;
      return absl::OkStatus();
    }
    if (clock_.Now() - health.since < kDiskPatience) return absl::OkStatus();
    return Internal("the ledger cannot be written: ", Message(health.status),
                    "; check the disk of ", options_.paths.state, ", then `coditect resume ",
                    mission_id_, "` goes on");
  }

  const MissionState* Mission() const { return tail_->state().Find(mission_id_); }

  const Context& ctx_;
  const RunLoopOptions& options_;
  const Clock& clock_;
  const std::string client_id_;
  MissionId mission_id_;
  std::unique_ptr<MissionService> service_;
  std::unique_ptr<LedgerTail> tail_;
  std::unique_ptr<RunView> view_;
  uint32_t failures_ = 0;  // owners lost since the ledger was last seen to grow
  bool stop_said_ = false;
  bool stop_recorded_ = false;
  bool unrecordable_ = false;
  bool waiting_ = false;

  Mutex mutex_;  // what the reflex's thread uses
  CondVar ended_changed_;
  Owner* stoppable_ ABSL_GUARDED_BY(mutex_) = nullptr;
  MissionId attached_to_ ABSL_GUARDED_BY(mutex_);
  bool ended_ ABSL_GUARDED_BY(mutex_) = false;
};

}  // namespace

StatusOr<RunReport> FollowRun(const Context& ctx, const RunLoopOptions& options,
                              const Clock& clock) {
  return RunLoop(ctx, options, clock).Run();
}

int InterruptedExitCode() {
  return LastInterrupt() == SIGTERM ? kExitTerminated : kExitInterrupted;
}

int ConcludeRun(const RunReport& report, ProgressMode progress, const std::string& output,
                bool verbose) {
  if (progress == ProgressMode::kJsonLines) {
    StatusArea(progress).Object("result", ReportJson(report));
  } else if (progress != ProgressMode::kNone) {
    std::string next = "Next:\n";
    for (const std::string& command : report.next) next += "  " + EscapeForTerminal(command) + "\n";
    PrintErr(next);
  }
  const bool interrupted = Interrupts() > 0 && report.outcome != Outcome::kVerified;
  const int code = interrupted ? InterruptedExitCode() : ExitCodeOf(report.outcome);
  if (output == "json") return Answer(ReportJson(report) + "\n", code);
  const bool graph = output == "mermaid" || output == "dot";
  if (!graph) return Answer(ReportText(report, verbose), code);
  if (report.outcome == Outcome::kPlanned && report.plan.has_value()) {
    return Answer(output == "dot" ? PlanDot(*report.plan) : PlanMermaid(*report.plan), code);
  }
  PrintErr(ReportText(report, verbose));
  return code;
}

}  // namespace coditect
