// Detection and runs of Python tests.
#include "src/adapters/python/harness.h"

#include <sys/stat.h>

#include <algorithm>
#include <utility>

#include "src/adapters/python/filter.h"
#include "src/adapters/python/fresh_filter.h"
#include "src/adapters/python/launch.h"
#include "src/adapters/python/layout.h"
#include "src/adapters/python/messages.h"
#include "src/adapters/python/packages.h"
#include "src/adapters/python/report_builder.h"
#include "src/adapters/python/session.h"
#include "src/adapters/python/support_files.h"
#include "src/base/file.h"
#include "src/base/strings.h"

namespace coditect::python {
namespace {

constexpr std::chrono::milliseconds kProbeWall{60'000};
constexpr uint32_t kSubmodule = 0160000;
constexpr size_t kShownIdsMax = 5;

std::string RunnerVerb(const std::string& runner) { return StrCat("run_", runner); }

/// The command line a person would type for the same.
std::string TypedCommand(const TestRunRequest& request) {
  std::string command = request.plan.command;
  if (request.plan.runner == "command") return command;
  for (size_t i = 0; i < request.ids.size() && i < kShownIdsMax; ++i) {
    command += " " + ShellQuote(request.ids[i]);
  }
  if (request.ids.size() > kShownIdsMax) {
    command += StrCat(" … (", request.ids.size(), " tests)");
  }
  return command;
}

/// The repository's file that a command like `sh check.sh -v` or `./check.py` executes: it is what
/// judges, so no repair may change it. "" when there is none, as with `python3 -m doctest x.py`.
std::string ScriptOf(const std::string& command, const std::vector<TreeEntry>& files) {
  for (std::string word : Split(command, ' ')) {
    if (word == "-m" || word == "-c") return "";
    if (word.starts_with("./")) word.erase(0, 2);
    const auto found = std::find_if(files.begin(), files.end(),
                                    [&](const TreeEntry& entry) { return entry.path == word; });
    if (found != files.end()) return word;
  }
  return "";
}

class Harness final : public TestHarness {
 public:
  Harness(std::string scripts, std::string inside)
      : scripts_(std::move(scripts)), inside_(std::move(inside)) {}

  StatusOr<HarnessPlan> Detect(const Context& ctx, Workspace& workspace,
                               const DetectRequest& request) override;
  StatusOr<TestReport> Run(const Context& ctx, Workspace& workspace,
                           const TestRunRequest& request) override;
  StatusOr<std::unique_ptr<CandidateFilter>> OpenFilter(const Context& ctx, Workspace& workspace,
                                                        const FilterRequest& request) override;
  std::vector<std::pair<std::string, std::string>> SupportFiles() const override;

 private:
  StatusOr<Probe> AskInterpreter(const Context& ctx, Workspace& workspace,
                                 const std::string& interpreter) const;

  const std::string scripts_;
  const std::string inside_;
};

std::vector<std::pair<std::string, std::string>> Harness::SupportFiles() const {
  std::vector<std::pair<std::string, std::string>> files;
  if (inside_ == scripts_) return files;
  for (const SupportFile& file : SupportScripts()) {
    files.emplace_back(JoinPath(scripts_, file.name), JoinPath(inside_, file.name));
  }
  return files;
}

StatusOr<std::unique_ptr<CandidateFilter>> Harness::OpenFilter(const Context& ctx,
                                                               Workspace& workspace,
                                                               const FilterRequest& request) {
  auto filter = python::OpenFilter(ctx, workspace, request, inside_);
  // What cannot be judged in one process (a command, tests that load but once, an old interpreter)
  // is judged in one each.
  if (!absl::IsUnimplemented(filter.status()) && !absl::IsFailedPrecondition(filter.status())) {
    return filter;
  }
  return OpenFreshFilter(
      ctx, workspace, request,
      [this, &workspace](const Context& run_ctx, const TestRunRequest& run_request) {
        return Run(run_ctx, workspace, run_request);
      });
}

StatusOr<Probe> Harness::AskInterpreter(const Context& ctx, Workspace& workspace,
                                        const std::string& interpreter) const {
  SandboxLimits limits;
  limits.wall = kProbeWall;
  ASSIGN_OR_RETURN(
      const auto session,
      Session::Start(ctx, workspace, ScriptCommand(inside_, "probe", interpreter, 0, limits)));
  Probe probe;
  Status status = session->Send(ctx, "{}");
  while (status.ok()) {
    const StatusOr<std::optional<std::string>> line = session->Next(ctx);
    if (!line.ok()) return line.status();
    if (!line->has_value()) break;
    ASSIGN_OR_RETURN(ChannelMessage message, ParseMessage(**line));
    if (auto* answer = std::get_if<Probe>(&message)) probe = std::move(*answer);
  }
  ASSIGN_OR_RETURN(const SandboxResult result, session->Finish());
  RETURN_IF_ERROR(ctx.Check());
  if (probe.python.empty()) {
    return FailedPrecondition("the Python interpreter ", EscapeForTerminal(interpreter),
                              " does not start in the sandbox (ended by ",
                              EndedByName(result.ended_by),
                              "): ", EscapeForTerminal(LastLine(result.output)));
  }
  return probe;
}

StatusOr<HarnessPlan> Harness::Detect(const Context& ctx, Workspace& workspace,
                                      const DetectRequest& request) {
  if (request.builds) return NotFound("");
  std::vector<TreeEntry> files;
  for (const TreeEntry& entry : request.files) {
    if (entry.mode != kSubmodule) files.push_back(entry);
  }
  const TestLayout layout =
      FindTests(files, [&](const std::string& path) { return workspace.Read(path); });
  const bool command = !request.verify_command.empty();
  if (!command && !layout.any_python) {
    return NotFound("");
  }
  if (!command && !layout.any_test && !layout.asks_for_pytest) {
    return NotFound("the repository has no Python test (test_*.py, *_test.py); name the command ",
                    "that checks it with --verify");
  }
  const std::string& interpreter = request.toolchain.python;
  if (interpreter.empty()) {
    return FailedPrecondition("no Python interpreter was found; activate the project's virtual ",
                              "environment or put python3 on PATH");
  }
  ASSIGN_OR_RETURN(const Probe probe, AskInterpreter(ctx, workspace, interpreter));
  HarnessPlan plan;
  plan.language = "python";
  plan.interpreter = interpreter;
  plan.language_version = probe.python;
  plan.test_files = layout.test_files;
  if (command) {
    plan.runner = "command";
    plan.command = request.verify_command;
    const std::string script = ScriptOf(plan.command, request.files);
    if (!script.empty()) plan.test_files.push_back(script);
    return plan;
  }
  const bool unittest = layout.test_cases && !layout.asks_for_pytest && !layout.plain_functions;
  if (unittest) {
    plan.runner = "unittest";
    plan.runner_version = probe.python;
    plan.command = ShellJoin({interpreter, "-m", "unittest", "discover"});
    return plan;
  }
  if (probe.pytest.empty()) {
    const std::string sentence = MissingModuleSentence(interpreter, "pytest");
    return FailedPrecondition(sentence, " (", EscapeForTerminal(probe.error), ")");
  }
  plan.runner = "pytest";
  plan.runner_version = probe.pytest;
  plan.command = ShellJoin({interpreter, "-m", "pytest"});
  return plan;
}

/// Feeds the channel's lines to the builder until there are no more or they go wrong.
void ReadRun(const Context& ctx, Session& session, ReportBuilder* builder) {
  while (true) {
    StatusOr<std::optional<std::string>> line = session.Next(ctx);
    Status status = line.status();
    if (status.ok()) {
      if (!line->has_value()) return;
      StatusOr<ChannelMessage> message = ParseMessage(**line);
      status = message.ok() ? builder->Add(*std::move(message)) : message.status();
    }
    if (!status.ok()) {
      builder->Spoil(Message(status));
      session.Kill();
      return;
    }
  }
}

/// A command's only case says what the command printed last, for its id says nothing to a person.
void NameCommand(TestReport* report) {
  for (TestCase& test : report->cases) {
    if (test.status != TestStatus::kFailed) continue;
    const std::string said = LastLine(report->output);
    test.message = ReplaceInvalidUtf8(StrCat("`", report->command, "` failed: ", test.message,
                                             said.empty() ? "" : "; it said: ", said));
  }
}

StatusOr<TestReport> Harness::Run(const Context& ctx, Workspace& workspace,
                                  const TestRunRequest& request) {
  if (request.plan.runner != "pytest" && request.plan.runner != "unittest" &&
      request.plan.runner != "command") {
    return InvalidArgument("the Python harness has no runner '",
                           EscapeForTerminal(request.plan.runner), "'");
  }
  ASSIGN_OR_RETURN(
      const auto session,
      Session::Start(ctx, workspace,
                     ScriptCommand(inside_, RunnerVerb(request.plan.runner),
                                   request.plan.interpreter, request.seed, request.limits)));
  ReportBuilder builder(request.on_test);
  if (Status sent = session->Send(ctx, RunRequestLine(request)); sent.ok()) {
    ReadRun(ctx, *session, &builder);
  } else {
    builder.Warn(Message(sent));
  }
  ASSIGN_OR_RETURN(const SandboxResult result, session->Finish());
  RETURN_IF_ERROR(ctx.Check());
  TestReport report = builder.Finish(result);
  report.command = TypedCommand(request);
  if (request.plan.runner == "command") NameCommand(&report);
  return report;
}

}  // namespace

StatusOr<std::unique_ptr<TestHarness>> CreateHarness(const Options& options) {
  ASSIGN_OR_RETURN(std::string scripts, InstallSupportScripts(options.folder));
  std::string inside = options.inside.empty() ? scripts : options.inside;
  return std::make_unique<Harness>(std::move(scripts), std::move(inside));
}

}  // namespace coditect::python
