// From a command line to a mission request.
#include "src/app/request.h"

#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <thread>

#include "src/base/file.h"
#include "src/base/random.h"
#include "src/wire/codec.h"
#include "src/wire/junit.h"

namespace coditect {
namespace {

constexpr size_t kGoalBytesMax = 2048;
constexpr size_t kReportBytesMax = size_t{64} << 20;
constexpr size_t kSelectedMax = 10'000;
constexpr size_t kCandidatesMax = 16;

std::string VariableOf(const std::map<std::string, std::string>& environment,
                       const std::string& name) {
  const auto found = environment.find(name);
  return found == environment.end() ? "" : found->second;
}

/// The trace a caller is part of (W3C traceparent: version-traceid-spanid-flags), else a new one.
std::string TraceId(const std::map<std::string, std::string>& environment) {
  const auto parts = Split(VariableOf(environment, "TRACEPARENT"), '-');
  const bool usable = parts.size() == 4 && parts[1].size() == 32 &&
                      parts[1].find_first_not_of("0123456789abcdef") == std::string::npos &&
                      parts[1].find_first_not_of('0') != std::string::npos;
  return usable ? parts[1] : RandomHex(16);
}

Status CheckGoal(const std::string& goal) {
  if (TrimWhitespace(goal).empty()) {
    return InvalidArgument("the goal is empty; try: coditect run \"make the tests pass\"");
  }
  if (!IsValidUtf8(goal)) return InvalidArgument("the goal is not valid UTF-8");
  if (goal.size() > kGoalBytesMax) {
    return InvalidArgument("the goal has ", goal.size(), " bytes, more than ", kGoalBytesMax);
  }
  return absl::OkStatus();
}

std::vector<FlagValue> FlagsOf(const RunOptions& options) {
  std::vector<FlagValue> flags;
  const auto add = [&](const char* flag, const char* key, const std::string& value) {
    if (!value.empty()) flags.push_back({flag, key, value});
  };
  add("--brain", "llm.brain", options.brain);
  add("--sandbox", "agent.sandbox", options.sandbox);
  add("--approve", "approve.mode", options.approve);
  add("--verify", "verify.test", options.verify);
  add("--max-time", "run.max_time", options.max_time);
  if (options.agents) add("--agents", "run.agents", std::to_string(*options.agents));
  add("--deliver", "run.deliver", options.deliver);
  if (options.seed) add("--seed", "run.seed", std::to_string(*options.seed));
  return flags;
}

MissionLimits LimitsOf(const Config& config) {
  MissionLimits limits;
  limits.max_time_ms = static_cast<uint64_t>(config.DurationMs("run.max_time"));
  limits.agents = static_cast<uint32_t>(config.Integer("run.agents"));
  limits.agent_timeout_ms = static_cast<uint64_t>(config.DurationMs("agent.timeout"));
  limits.max_retries = static_cast<uint32_t>(config.Integer("agent.max_retries"));
  limits.tests_max = static_cast<uint64_t>(config.Integer("search.tests_max"));
  limits.suite_timeout_ms = static_cast<uint64_t>(config.DurationMs("verify.suite_timeout"));
  return limits;
}

/// Where the patch goes: checked before work is done that could not be given.
StatusOr<std::string> PatchTarget(const std::string& file) {
  const std::string shown = EscapeForTerminal(file);
  const std::string folder = file.empty() ? "." : DirName(file);
  const auto real = RealPath(folder.empty() ? "." : folder);
  if (!real.ok() || ::access(real->c_str(), W_OK | X_OK) != 0) {
    return InvalidArgument("--patch-file: the folder of ", file.empty() ? "the patch" : shown,
                           " is not there or cannot be written");
  }
  if (file.empty()) return *real + "/";
  const std::string name = BaseName(file);
  if (name.empty() || name == "." || name == "..") {
    return InvalidArgument("--patch-file: ", shown, " is no file name");
  }
  const std::string path = JoinPath(*real, name);
  struct stat info{};
  if (::lstat(path.c_str(), &info) == 0) {
    return InvalidArgument("--patch-file: ", shown, " is there already, and is not overwritten; ",
                           "name another file or remove it");
  }
  return path;
}

/// Only a branch that no work tree uses can be moved without anybody noticing it the hard way.
Status CheckFastForward(const Context& ctx, const StatePaths& paths, const RepositoryRef& ref) {
  constexpr std::string_view kOtherwise =
      "; --deliver branch makes a branch of its own, which `coditect merge` brings in";
  ASSIGN_OR_RETURN(const auto delivery, OpenMissionDelivery(ctx, paths, ref));
  ASSIGN_OR_RETURN(const BaseBranch branch, delivery->Look(ctx));
  const std::string name = EscapeForTerminal(ref.base_name);
  if (branch.commit.empty() || branch.commit != ref.base_commit) {
    return FailedPrecondition("--deliver ff moves the branch that --base names, and ", name,
                              " is none", kOtherwise);
  }
  if (branch.work_tree.empty()) return absl::OkStatus();
  return FailedPrecondition("--deliver ff would move ", name, ", which is in use at ",
                            EscapeForTerminal(branch.work_tree), ": files and index there would ",
                            "differ from it at once", kOtherwise);
}

StatusOr<std::string> PrepareDelivery(const Context& ctx, const StatePaths& paths,
                                      const Config& config, const RunOptions& options,
                                      const RepositoryRef& ref) {
  DeliveryPlan plan = ParseDelivery(config.Text("run.deliver"));
  if (!options.patch_file.empty() && plan.mode != DeliveryMode::kPatch) {
    return InvalidArgument("--patch-file goes with --deliver patch");
  }
  if (plan.mode == DeliveryMode::kPatch) {
    ASSIGN_OR_RETURN(plan.patch_file, PatchTarget(options.patch_file));
  }
  RETURN_IF_ERROR(CheckDelivery(ctx, paths, plan, ref));
  return DeliveryText(plan);
}

/// The commits that `names` mean, each once. Errors name the one that cannot be judged.
StatusOr<std::vector<CommitId>> ResolveCandidates(const Context& ctx, const RepositoryRef& base,
                                                  const std::vector<std::string>& names) {
  if (names.size() > kCandidatesMax) {
    return InvalidArgument(names.size(), " candidates are named, more than ", kCandidatesMax);
  }
  std::vector<CommitId> commits;
  for (const std::string& name : names) {
    const auto resolved = ResolveRepository(ctx, base.path, name);
    if (!resolved.ok()) return Annotate(resolved.status(), "--candidate");
    const RepositoryRef& candidate = resolved->ref;
    if (candidate.base_commit == base.base_commit) {
      return InvalidArgument("--candidate: '", EscapeForTerminal(name), "' is the base itself (",
                             base.base_commit.substr(0, 12),
                             "); name a commit that changes something, or another --base");
    }
    if (candidate.base_tree == base.base_tree) {
      return InvalidArgument("--candidate: '", EscapeForTerminal(name),
                             "' has the same files as the base; name a commit that changes "
                             "something");
    }
    const bool known = std::ranges::find(commits, candidate.base_commit) != commits.end();
    if (!known) commits.push_back(candidate.base_commit);
  }
  return commits;
}

}  // namespace

Status CheckDelivery(const Context& ctx, const StatePaths& paths, const DeliveryPlan& plan,
                     const RepositoryRef& repository) {
  if (plan.mode != DeliveryMode::kFastForward) return absl::OkStatus();
  return CheckFastForward(ctx, paths, repository);
}

StatusOr<Config> LoadCommandConfig(const GlobalOptions& global, const std::string& repository,
                                   std::vector<FlagValue> flags) {
  ConfigSources sources = StandardConfigSources(ProcessEnvironment(), repository);
  if (!global.config_file.empty()) {
    sources.user_file = global.config_file;
    sources.user_file_required = true;
  }
  sources.overrides = global.settings;
  sources.flags = std::move(flags);
  return LoadConfig(sources);
}

OwnerOptions MakeOwnerOptions(const Config& config,
                              const std::map<std::string, std::string>& environment) {
  OwnerOptions options;
  const auto cores = std::max(2U, std::thread::hardware_concurrency());
  const auto parallel = static_cast<uint32_t>(config.Integer("agent.parallel_limit"));
  // More agents than cores only wait for each other.
  options.slots = std::min(parallel, 2 * cores);
  options.sync_interval = std::chrono::milliseconds(config.DurationMs("task_queue.sync_interval"));
  options.planning_interval =
      std::chrono::milliseconds(config.DurationMs("orchestrator.planning_interval"));
  options.workspace = VariableOf(environment, "CODITECT_WORKSPACE");
  options.retention_ms = config.DurationMs("storage.retention");
  options.snapshot_events = static_cast<uint64_t>(config.Integer("storage.snapshot_events"));
  return options;
}

StatusOr<TestSelection> ReadSelection(const RunOptions& options) {
  TestSelection selection;
  for (const std::string& test : options.tests) selection.tests.push_back({test, {test}});
  if (!options.from.empty()) {
    const std::string shown = EscapeForTerminal(options.from);
    auto text = ReadFile(options.from, kReportBytesMax);
    if (!text.ok()) return Annotate(text.status(), "--from");
    auto cases = wire::ReadJunit(*text);
    if (!cases.ok()) return Annotate(cases.status(), StrCat("--from ", shown));
    for (const wire::JunitCase& test : *cases) {
      if (!test.failed) continue;
      std::vector<std::string> ids = wire::JunitIds(test);
      std::string name = test.class_name.empty() ? test.name : ids[ids.size() - 2];
      selection.tests.push_back({std::move(name), std::move(ids)});
    }
  }
  for (const NamedTest& test : selection.tests) {
    if (!IsValidUtf8(test.name)) return InvalidArgument("a test's name is not valid UTF-8");
  }
  if (selection.tests.size() > kSelectedMax) {
    return InvalidArgument(selection.tests.size(), " tests are named, more than ", kSelectedMax,
                           "; `coditect run \"make the tests pass\"` mends all");
  }
  return selection;
}

StatusOr<PreparedRun> PrepareRun(const Context& ctx, const GlobalOptions& global,
                                 const RunOptions& options, const StatePaths& paths,
                                 const TestSelection& selection) {
  RETURN_IF_ERROR(CheckGoal(options.goal));
  ASSIGN_OR_RETURN(auto resolved, ResolveRepository(ctx, global.folder, options.base,
                                                    options.include_uncommitted));
  RETURN_IF_ERROR(CheckRepositoryWritable(resolved.ref));
  ASSIGN_OR_RETURN(const Config config,
                   LoadCommandConfig(global, resolved.ref.path, FlagsOf(options)));
  const auto environment = ProcessEnvironment();
  PreparedRun run;
  run.owner = MakeOwnerOptions(config, environment);
  run.base_line = StrCat(resolved.ref.base_name, " at ", resolved.ref.base_commit.substr(0, 12),
                         options.base.empty() ? " (HEAD)" : "");
  MissionRequest& request = run.request;
  request.request_id = RandomHex(16);
  request.plan_only = options.plan_only;
  RETURN_IF_ERROR(MakeStateFolders(paths));
  ASSIGN_OR_RETURN(request.deliver, PrepareDelivery(ctx, paths, config, options, resolved.ref));
  if (options.include_uncommitted) {
    ASSIGN_OR_RETURN(request.snapshot, SnapshotWorkTree(ctx, paths, request.request_id, &resolved));
  }
  run.warnings = config.Warnings();
  run.warnings.insert(run.warnings.end(), resolved.notes.begin(), resolved.notes.end());
  request.trace_id = TraceId(environment);
  request.goal = options.goal;
  request.repository = resolved.ref;
  const std::string& verify = config.Text("verify.test");
  request.verify_command = verify == "auto" ? "" : verify;
  request.brain = config.Text("llm.brain");
  request.sandbox = config.Text("agent.sandbox");
  request.seed = static_cast<uint64_t>(config.Integer("run.seed"));
  request.reproducible = config.Origin("run.seed") != "default";
  request.limits = LimitsOf(config);
  request.author = resolved.author;
  request.attribution = config.Text("git.attribution");
  request.check_consistency = config.Bool("task_queue.consistency_check");
  request.violation_action = config.Text("task_queue.violation_action");
  request.repeat_flaky = static_cast<uint32_t>(config.Integer("verify.repeat_flaky"));
  request.approve = config.Text("approve.mode");
  request.protected_paths = config.List("approve.protected");
  ASSIGN_OR_RETURN(request.candidates, ResolveCandidates(ctx, resolved.ref, options.candidates));
  ASSIGN_OR_RETURN(
      const ResolvedTools tools,
      ResolveToolchain(ctx, paths, resolved.ref, environment, config.List("env.pass")));
  run.warnings.insert(run.warnings.end(), tools.notes.begin(), tools.notes.end());
  ASSIGN_OR_RETURN(const auto blobs, OpenBlobs(paths));
  ASSIGN_OR_RETURN(request.environment, blobs->Put(ctx, wire::Encode(tools.toolchain)));
  if (!selection.tests.empty()) {
    ASSIGN_OR_RETURN(request.selection, blobs->Put(ctx, wire::Encode(selection)));
  }
  return run;
}

}  // namespace coditect
