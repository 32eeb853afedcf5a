// Follows one run to its end.
#include "src/app/run_loop.h"

#include <signal.h>
#include <unistd.h>

#include <atomic>

#include "src/app/commands/commands.h"
#include "src/app/exit_code.h"
#include "src/app/interrupt.h"
#include "src/base/executor.h"
#include "src/base/random.h"

namespace coditect {
namespace {

constexpr std::chrono::milliseconds kTick{50};
constexpr uint32_t kFailuresMax = 10;

class RunLoop {
 public:
  RunLoop(const Context& ctx, const RunLoopOptions& options, const Clock& clock)
      : ctx_(ctx), options_(options), clock_(clock), client_id_(RandomHex(8)) {}

  StatusOr<RunReport> Run() {
    for (;;) {
      const StatusOr<bool> ended = AttachAndFollow();
      if (ended.ok()) {
        if (view_ != nullptr) view_->Finish();
        ASSIGN_OR_RETURN(const auto blobs, OpenBlobs(options_.paths));
        RunReport report = MakeReport(ctx_, *Mission(), *blobs, /*owned=*/true);
        Release();  // the agents end before the report is printed
        return report;
      }
      // The owner is gone: this process takes over, or follows whoever did.
      if (!absl::IsUnavailable(ended.status()) || ++failures_ > kFailuresMax) {
        return ended.status();
      }
      Release();
    }
  }

 private:
  StatusOr<bool> AttachAndFollow() {
    ASSIGN_OR_RETURN(service_,
                     AttachOrOwn(ctx_, options_.paths, options_.owner, client_id_, clock_));
    stopper_ = std::make_unique<Executor>(
        Executor::Options{.name = "stopper", .threads = 1, .queue_max = 16});
    RETURN_IF_ERROR(Attach());
    if (tail_ == nullptr) {
      ASSIGN_OR_RETURN(auto log, OpenLedgerFile(options_.paths, /*read_only=*/true));
      tail_ = std::make_unique<LedgerTail>(std::move(log));
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
    RETURN_IF_ERROR(service_->Control(options_.mission_id, MissionControl::kResume));
    mission_id_ = options_.mission_id;
    return absl::OkStatus();
  }

  void Greet() {
    view_ = std::make_unique<RunView>(options_.progress, mission_id_, clock_);
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
      if (!events.empty()) failures_ = 0;
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

  /// The stop is asked for on another thread when this process is the owner: while the ledger is
  /// stuck the second interrupt must still be seen here.
  Status HandleInterrupts() {
    if (stop_failed_.exchange(false)) stop_asked_ = false;
    if (Interrupts() >= 1 && !stop_asked_) {
      view_->Say("Stopping", "once more (Ctrl-C) stops at once");
      if (service_->owner() == nullptr) {
        RETURN_IF_ERROR(service_->Control(mission_id_, MissionControl::kStop));
      } else {
        RETURN_IF_ERROR(stopper_->Post([this] {
          stop_failed_ = !service_->Control(mission_id_, MissionControl::kStop).ok();
        }));
      }
      stop_asked_ = true;
    }
    if (Interrupts() >= 2 && service_->owner() != nullptr) service_->owner()->EmergencyStop();
    return absl::OkStatus();
  }

  void Release() {
    stopper_.reset();  // it uses the service
    service_.reset();
  }

  const MissionState* Mission() const { return tail_->state().Find(mission_id_); }

  const Context& ctx_;
  const RunLoopOptions& options_;
  const Clock& clock_;
  const std::string client_id_;
  MissionId mission_id_;
  std::unique_ptr<MissionService> service_;
  std::unique_ptr<Executor> stopper_;
  uint32_t failures_ = 0;  // owners lost since the ledger was last seen to grow
  std::atomic<bool> stop_failed_{false};
  std::unique_ptr<LedgerTail> tail_;
  std::unique_ptr<RunView> view_;
  bool stop_asked_ = false;
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
  return Answer(output == "json" ? ReportJson(report) + "\n" : ReportText(report, verbose), code);
}

}  // namespace coditect
