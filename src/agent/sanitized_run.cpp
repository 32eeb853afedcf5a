// Runs of some tests in the sanitized build.
#include "src/agent/sanitized_run.h"

#include <algorithm>

#include "src/agent/test_run.h"

namespace coditect {
namespace {

constexpr size_t kSanitizedTestsMax = 64;
constexpr size_t kWarningBytesMax = 300;

bool SameError(const SanitizerFinding& a, const SanitizerFinding& b) {
  const StackFrame& one = a.stack.back();
  const StackFrame& two = b.stack.back();
  return a.kind == b.kind && one.file == two.file && one.function == two.function;
}

/// A run on the base with `changes`.
StatusOr<TestReport> RunSanitized(const Lease& lease, const HarnessPlan& plan,
                                  std::vector<std::string> ids,
                                  const std::vector<FileChange>& changes, Usage* usage) {
  ASSIGN_OR_RETURN(const auto workspace, OpenWorkspace(lease, WorkspaceUse::kSearch));
  RETURN_IF_ERROR(workspace->Apply(changes));
  TestRunRequest request;
  request.plan = plan;
  request.ids = std::move(ids);
  request.trace = TraceMode::kSanitized;
  request.limits = SuiteLimits(lease);
  // A test that never ends leaves time for the others.
  request.test_cpu_ms = static_cast<uint64_t>(request.limits.wall.count()) / 3;
  if (changes.empty()) {
    request.on_built = [&](const BuiltFolder& built) {
      return lease.mission.KeepBuilt(lease.ctx, *workspace, built);
    };
  }
  ASSIGN_OR_RETURN(TestReport report, lease.services.harness.Run(lease.ctx, *workspace, request));
  CountRun(report, false, usage);
  return report;
}

}  // namespace

StatusOr<std::vector<SanitizerFinding>> FindingsOnBase(const Lease& lease, const HarnessPlan& plan,
                                                       SanitizedTests tests, Usage* usage) {
  std::vector<SanitizerFinding> findings;
  if (tests.failing.empty() || (plan.language != "c++" && plan.parts.empty())) return findings;
  for (auto* ids : {&tests.failing, &tests.passing}) {
    ids->resize(std::min(ids->size(), kSanitizedTestsMax));
  }
  ASSIGN_OR_RETURN(TestReport told, RunSanitized(lease, plan, std::move(tests.failing), {}, usage));
  for (const std::string& warning : told.warnings) {
    lease.Think("NOT_SANITIZED",
                {{"reason", EscapeForTerminal(warning.substr(0, kWarningBytesMax))}});
  }
  findings = std::move(told.findings);
  if (findings.empty()) return findings;
  if (!tests.passing.empty()) {
    ASSIGN_OR_RETURN(const TestReport fine,
                     RunSanitized(lease, plan, std::move(tests.passing), {}, usage));
    // Memory that is misused in a test that passes may be what ends another.
    std::erase_if(findings, [&](const SanitizerFinding& finding) {
      return !Contains(finding.message, "AddressSanitizer") &&
             std::ranges::any_of(fine.findings, [&](const SanitizerFinding& other) {
               return other.kind == finding.kind && other.stack.back() == finding.stack.back();
             });
    });
  }
  if (findings.empty()) return findings;
  const SanitizerFinding& first = findings.front();
  const StackFrame& at = first.stack.back();
  lease.Think("SANITIZED",
              {{"findings", std::to_string(findings.size())},
               {"first", EscapeForTerminal(StrCat(at.file, ":", at.line, ": ", first.kind))}});
  return findings;
}

StatusOr<std::string> RemainingFinding(const Lease& lease, const HarnessPlan& plan,
                                       const std::vector<SanitizerFinding>& findings,
                                       const std::vector<FileChange>& changes, Usage* usage) {
  if (findings.empty()) return std::string();
  std::vector<std::string> ids;
  for (const SanitizerFinding& finding : findings) {
    if (std::ranges::find(ids, finding.id) == ids.end()) ids.push_back(finding.id);
  }
  ASSIGN_OR_RETURN(const TestReport report,
                   RunSanitized(lease, plan, std::move(ids), changes, usage));
  for (const SanitizerFinding& now : report.findings) {
    for (const SanitizerFinding& before : findings) {
      if (!SameError(now, before)) continue;
      return EscapeForTerminal(StrCat("sanitizers still report ", now.kind, " at ",
                                      now.stack.back().file, ":", now.stack.back().line));
    }
  }
  return std::string();
}

}  // namespace coditect
