// Follows one run to its end.
#include "src/app/run_loop.h"

#include <signal.h>
#include <unistd.h>

#include "src/app/commands/commands.h"
#include "src/app/exit_code.h"
#include "src/app/interrupt.h"
#include "src/base/random.h"

namespace coditect {
namespace {

constexpr std::chrono::milliseconds kTick{50};

class RunLoop {
 public:
  RunLoop(const Context& ctx, const RunLoopOptions& options, const Clock& clock)
      : ctx_(ctx), options_(options), clock_(clock), client_id_(RandomHex(8)) {}

  StatusOr<RunLoopResult> Run() {
    for (;;) {
      RETURN_IF_ERROR(Attach());
      const StatusOr<bool> ended = Follow();
      if (ended.ok()) {
        if (view_ != nullptr) view_->Finish();
        RunLoopResult result;
        ASSIGN_OR_RETURN(const auto blobs, OpenBlobs(options_.paths));
        result.report = MakeReport(ctx_, *Mission(), *blobs);
        result.abandoned = !*ended;
        service_.reset();  // the agents end before the report is printed
        return result;
      }
      // The owner is gone: this process takes over, or follows whoever did.
      if (!absl::IsUnavailable(ended.status())) return ended.status();
      service_.reset();
    }
  }

 private:
  Status Attach() {
    ASSIGN_OR_RETURN(service_,
                     AttachOrOwn(ctx_, options_.paths, options_.owner, client_id_, clock_));
    if (options_.request.has_value()) {
      const auto id = service_->Request(*options_.request);
      if (absl::IsUnavailable(id.status())) return absl::OkStatus();  // Follow notices
      RETURN_IF_ERROR(id.status());
      mission_id_ = *id;
    } else {
      mission_id_ = options_.mission_id;
      Status status = service_->Control(mission_id_, MissionControl::kAttach);
      if (status.ok()) status = service_->Control(mission_id_, MissionControl::kResume);
      if (!status.ok() && !absl::IsUnavailable(status)) return status;
    }
    if (tail_ == nullptr) {
      ASSIGN_OR_RETURN(auto log, OpenLedgerFile(options_.paths, /*read_only=*/true));
      tail_ = std::make_unique<LedgerTail>(std::move(log));
    }
    if (view_ == nullptr) Greet();
    return absl::OkStatus();
  }

  void Greet() {
    view_ = std::make_unique<RunView>(options_.quiet ? ProgressMode::kNone : options_.progress,
                                      mission_id_, clock_);
    Owner* owner = service_->owner();
    std::string how = "brain offline";
    if (owner != nullptr) {
      const MissionState* mission = Mission();
      const SandboxProfile profile =
          owner->sandbox_profile(options_.request     ? options_.request->sandbox
                                 : mission != nullptr ? mission->request.sandbox
                                                      : "auto");
      how = StrCat("sandbox ", profile.tier, " (", profile.workspace, "), ", how);
    }
    view_->Say("Run", StrCat(mission_id_, ", ", how));
  }

  /// True when the mission ended, false when the person did not want to wait.
  StatusOr<bool> Follow() {
    for (;;) {
      RETURN_IF_ERROR(service_->WaitForNews(tail_->state().sequence, kTick));
      ASSIGN_OR_RETURN(const auto events, tail_->Poll(ctx_));
      view_->Show(events, tail_->state());
      const MissionState* mission = Mission();
      if (mission != nullptr && mission->status != MissionStatus::kActive &&
          mission->status != MissionStatus::kInterrupted) {
        return true;
      }
      RETURN_IF_ERROR(HandleInterrupts());
      if (Interrupts() >= 2) return false;
      Owner* owner = service_->owner();
      view_->Tick(tail_->state(), owner == nullptr
                                      ? std::map<std::string, std::map<std::string, std::string>>()
                                      : owner->progress().Latest(mission_id_));
    }
  }

  Status HandleInterrupts() {
    if (Interrupts() >= 1 && !stop_asked_) {
      stop_asked_ = true;
      view_->Say("Stopping", "once more (Ctrl-C) stops at once");
      return service_->Control(mission_id_, MissionControl::kStop);
    }
    if (Interrupts() >= 2 && service_->owner() != nullptr) service_->owner()->EmergencyStop();
    return absl::OkStatus();
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
  bool stop_asked_ = false;
};

}  // namespace

StatusOr<RunLoopResult> FollowRun(const Context& ctx, const RunLoopOptions& options,
                                  const Clock& clock) {
  return RunLoop(ctx, options, clock).Run();
}

int ConcludeRun(const RunLoopResult& result, const std::string& output, bool quiet, bool verbose) {
  const RunReport& report = result.report;
  if (output == "json") {
    PrintOut(ReportJson(report) + "\n");
  } else {
    PrintOut(ReportText(report, verbose));
  }
  if (!quiet) {
    std::string next = "Next:\n";
    for (const std::string& command : report.next) next += "  " + EscapeForTerminal(command) + "\n";
    PrintErr(next);
  }
  if (Interrupts() > 0 && report.outcome != Outcome::kVerified) {
    return LastInterrupt() == SIGTERM ? kExitTerminated : kExitInterrupted;
  }
  return ExitCodeOf(report.outcome);
}

}  // namespace coditect
