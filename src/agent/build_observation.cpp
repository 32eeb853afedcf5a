// The analyzer where the goal is a build: what the compilers say of the base commit.
#include <algorithm>
#include <map>

#include "src/agent/lease.h"
#include "src/agent/mission_resources.h"
#include "src/agent/test_run.h"
#include "src/domain/evidence.h"
#include "src/domain/fault_report.h"
#include "src/domain/world_model.h"

namespace coditect {
namespace {

constexpr size_t kPositionsMax = 200;  // of errors, in the baseline

class BuildObservation {
 public:
  explicit BuildObservation(const Lease& lease) : lease_(lease) {}

  StatusOr<Work> Run() {
    Status looked = Look();
    if (absl::IsNotFound(looked)) {
      const bool nothing = Contains(Message(looked), "there is nothing to build");
      return Block(StrCat(nothing ? "needs_model: " : "not_verified: ", Message(looked)));
    }
    if (absl::IsFailedPrecondition(looked) || absl::IsInvalidArgument(looked)) {
      return Block("error: " + Message(looked));
    }
    RETURN_IF_ERROR(looked);
    if (std::string reason = Unusable(); !reason.empty()) return Block(reason);
    return Summarise();
  }

 private:
  Status Look() {
    ASSIGN_OR_RETURN(const auto* files, lease_.mission.BaseFiles(lease_.ctx));
    ASSIGN_OR_RETURN(workspace_, OpenWorkspace(lease_, WorkspaceUse::kSearch));
    ASSIGN_OR_RETURN(const Toolchain* tools, lease_.mission.toolchain(lease_.ctx));
    DetectRequest request;
    for (const auto& [path, entry] : *files) request.files.push_back(entry);
    request.verify_command = lease_.mission.request().verify_command;
    request.toolchain = *tools;
    request.builds = true;
    ASSIGN_OR_RETURN(baseline_.harness,
                     lease_.services.harness.Detect(lease_.ctx, *workspace_, request));
    lease_.Think("HARNESS",
                 {{"runner", baseline_.harness.runner}, {"command", baseline_.harness.command}});
    RETURN_IF_ERROR(BuildBy(BuildMode::kSearch));
    // A build that fails without a compiler's word may fail for how it was listened to.
    if (!built_.passed && !SaysError()) {
      ASSIGN_OR_RETURN(workspace_, OpenWorkspace(lease_, WorkspaceUse::kProof));
      RETURN_IF_ERROR(BuildBy(BuildMode::kProof));
    }
    return absl::OkStatus();
  }

  Status BuildBy(BuildMode mode) {
    BuildRequest request;
    request.plan = baseline_.harness;
    request.mode = mode;
    request.limits = SuiteLimits(lease_);
    if (mode == BuildMode::kSearch) {
      request.on_built = [this](const BuiltFolder& folder) {
        return lease_.mission.KeepBuilt(lease_.ctx, *workspace_, folder);
      };
    }
    ASSIGN_OR_RETURN(built_, lease_.services.harness.Build(lease_.ctx, *workspace_, request));
    usage_.cpu_ms += built_.cpu_ms;
    usage_.wall_ms += built_.wall_ms;
    lease_.Act("BUILD", built_.wall_ms,
               {{"command", built_.command},
                {"ended_by", built_.ended_by},
                {"errors", std::to_string(
                               std::ranges::count(built_.diagnostics, true, &Diagnostic::error))}});
    return absl::OkStatus();
  }

  bool SaysError() const { return std::ranges::any_of(built_.diagnostics, &Diagnostic::error); }

  /// Why nothing can be mended here; "" when something can, or need not.
  std::string Unusable() const {
    if (built_.passed) return "";
    if (built_.ended_by == "wall") {
      return StrCat("not_verified: the build did not end within ", built_.wall_ms / 1000,
                    " s; verify.suite_timeout is how long it may take");
    }
    if (built_.ended_by != "exit") {
      return StrCat("not_verified: the build was ended by ", built_.ended_by, "; `", built_.command,
                    "` shows the same");
    }
    if (SaysError()) return "";
    return StrCat("not_verified: the build fails, but no compiler says where: ", built_.error,
                  "; `", built_.command, "` shows the same");
  }

  StatusOr<Work> Block(const std::string& reason) {
    Work work;
    work.result = lease_.NewResult(ResultOutcome::kBlocked, reason);
    work.result.usage = usage_;
    return work;
  }

  StatusOr<Work> Summarise() {
    const std::string id = BuildId(baseline_.harness.command);
    TestCase build{.id = id, .status = TestStatus::kFailed};
    build.message = built_.error;
    for (const Diagnostic& one : built_.diagnostics) {
      if (!one.error || build.stack.size() >= kPositionsMax) continue;
      build.stack.push_back({.file = one.file, .line = one.line, .function = one.message});
    }
    if (built_.passed) build.status = TestStatus::kPassed;
    (built_.passed ? baseline_.passed : baseline_.goal).push_back(id);
    baseline_.suite_ms = built_.wall_ms;
    baseline_.memory_bytes = built_.memory_bytes;
    baseline_.cases.push_back(build);
    Work work;
    work.result = lease_.NewResult(ResultOutcome::kSuccess);
    work.result.usage = usage_;
    ASSIGN_OR_RETURN(const auto* files, lease_.mission.BaseFiles(lease_.ctx));
    WorldModel world;
    for (const auto& [path, entry] : *files) world.current_file_state[path] = entry.object_id;
    world.test_results[id] = std::string(EnumName(build.status));
    if (!built_.passed) world.error_context[id] = build.message;
    ASSIGN_OR_RETURN(work.result.outputs["world"], lease_.Put(world));
    work.result.outputs["summary"] =
        built_.passed ? "it builds" : Counted(build.stack.size(), "error") + " of the build";
    constexpr size_t kErrorBytesMax = 400;  // an event is small
    if (!built_.passed) {
      work.result.outputs["error"] = ReplaceInvalidUtf8(built_.error.substr(0, kErrorBytesMax));
    }
    BaselineSummary summary;
    ASSIGN_OR_RETURN(summary.baseline, lease_.Put(baseline_));
    summary.kind = "build";
    summary.expected_digest = ExpectedDigest({id});
    summary.passed = built_.passed ? 1 : 0;
    summary.failing = built_.passed ? 0 : 1;
    summary.suite_ms = baseline_.suite_ms;
    work.result.baseline = summary;
    return work;
  }

  const Lease& lease_;
  std::unique_ptr<Workspace> workspace_;
  Baseline baseline_;
  BuildReport built_;
  Usage usage_;
};

}  // namespace

StatusOr<Work> ObserveBuild(const Lease& lease) { return BuildObservation(lease).Run(); }

StatusOr<Work> LocalizeBuild(const Lease& lease) {
  ASSIGN_OR_RETURN(const Baseline baseline, lease.Get<Baseline>(lease.Parameter("baseline")));
  FaultReport report;
  FaultCluster cluster;
  cluster.tests = baseline.goal;
  std::map<std::string, size_t> files;
  constexpr uint32_t kMillion = 1'000'000;
  for (const TestCase& build : baseline.cases) {
    for (const StackFrame& error : build.stack) {
      files[error.file] += 1;
      const auto said = static_cast<uint32_t>(cluster.lines.size());
      // What is said first is seldom an echo.
      cluster.lines.push_back({.file = error.file,
                               .line = error.line,
                               .score_ppm = kMillion / (said + 1),
                               .function = "",
                               .failed = 1});
    }
  }
  std::string summary =
      StrCat(Counted(cluster.lines.size(), "error"), " in ", Counted(files.size(), "file"));
  if (!cluster.lines.empty()) {
    summary += StrCat(": ", cluster.lines[0].file, ":", cluster.lines[0].line);
  }
  report.clusters.push_back(std::move(cluster));
  Work work;
  work.result = lease.NewResult(ResultOutcome::kSuccess);
  ASSIGN_OR_RETURN(work.result.outputs["faults"], lease.Put(report));
  work.result.outputs["summary"] = summary;
  lease.Think("FAULTS", {{"summary", summary}});
  return work;
}

}  // namespace coditect
