// The composition root.
#include "src/app/bootstrap.h"

#include <unistd.h>

#include <set>

#include "src/adapters/git/delivery.h"
#include "src/adapters/git/fast_forward.h"
#include "src/adapters/git/initialise.h"
#include "src/adapters/git/process.h"
#include "src/adapters/git/repository.h"
#include "src/adapters/git/resolve.h"
#include "src/adapters/git/run_refs.h"
#include "src/adapters/git/snapshot.h"
#include "src/adapters/localfs/object_store.h"
#include "src/adapters/native/harness.h"
#include "src/adapters/process/broker.h"
#include "src/adapters/process/sandbox.h"
#include "src/adapters/python/harness.h"
#include "src/adapters/python/interpreter.h"
#include "src/adapters/sqlite/event_bus.h"
#include "src/adapters/sqlite/event_log.h"
#include "src/app/build_commit.h"
#include "src/app/language_harnesses.h"
#include "src/base/file.h"

#ifndef CODITECT_VERSION
#error "the build sets CODITECT_VERSION"
#endif

namespace coditect {
namespace {

/// Variables a sandboxed process gets as the person has them.
constexpr const char* kPassed[] = {"LANG",
                                   "LC_ALL",
                                   "LC_CTYPE",
                                   "LC_NUMERIC",
                                   "LC_TIME",
                                   "TZ",
                                   "TERM",
                                   "VIRTUAL_ENV",
                                   "CONDA_PREFIX",
                                   "CONDA_DEFAULT_ENV",
                                   "PYTHONPATH",
                                   "SOURCE_DATE_EPOCH",
                                   "CC",
                                   "CXX",
                                   "CFLAGS",
                                   "CXXFLAGS",
                                   "CPPFLAGS",
                                   "LDFLAGS",
                                   "CMAKE_GENERATOR",
                                   "CMAKE_PREFIX_PATH",
                                   "PKG_CONFIG_PATH"};

std::string ProcessLabel() { return StrCat("p", ::getpid()); }

ResolvedTools FindTools(const python::InterpreterRequest& wanted,
                        const std::vector<std::string>& pass) {
  python::ResolvedToolchain found = python::ResolveToolchain(wanted);
  std::vector<std::string> names(std::begin(kPassed), std::end(kPassed));
  names.insert(names.end(), pass.begin(), pass.end());
  for (const std::string& name : names) {
    const auto value = wanted.environment.find(name);
    if (value != wanted.environment.end()) found.toolchain.environment.insert(*value);
  }
  return {.toolchain = std::move(found.toolchain), .notes = std::move(found.notes)};
}

git::DeliveryOptions DeliveryOptions(const StatePaths& paths, const Delivered& delivered) {
  return {.delivered = delivered,
          .state_folder = paths.state,
          .label = ProcessLabel(),
          .new_objects = paths.new_objects};
}

}  // namespace

std::string VersionNumber() { return CODITECT_VERSION; }
std::string BuildId() { return StrCat("coditect ", CODITECT_VERSION, " (", kBuildCommit, ")"); }

StatusOr<std::unique_ptr<EventLog>> OpenLedgerFile(const StatePaths& paths, bool read_only) {
  return sqlite::OpenEventLog({.path = paths.ledger, .read_only = read_only});
}

StatusOr<std::unique_ptr<LedgerTail>> OpenLedgerTail(const StatePaths& paths) {
  ASSIGN_OR_RETURN(auto log, OpenLedgerFile(paths, /*read_only=*/true));
  ASSIGN_OR_RETURN(auto blobs, OpenBlobs(paths));
  return std::make_unique<LedgerTail>(std::move(log), std::move(blobs));
}

StatusOr<std::string> ExamineLedger(const Context& ctx, const StatePaths& paths) {
  RETURN_IF_ERROR(sqlite::CheckLedgerFile(paths.ledger));
  ASSIGN_OR_RETURN(const auto tail, OpenLedgerTail(paths));
  RETURN_IF_ERROR(tail->Advance(ctx));
  RETURN_IF_ERROR(tail->History(ctx, [](const Event&) {}));
  std::string out = Counted(tail->state().sequence, "event");
  if (tail->state().truncated.kept_from > 1) {
    out += StrCat(", those before event ", tail->state().truncated.kept_from, " forgotten");
  }
  if (tail->restored().snapshot_sequence > 0) {
    out +=
        StrCat(", the newest snapshot of the state at event ", tail->restored().snapshot_sequence);
  }
  for (const std::string& reason : tail->restored().refused) out += "; passed over: " + reason;
  return out;
}

StatusOr<std::unique_ptr<EventBus>> OpenTelemetry(const StatePaths& paths,
                                                  const std::string& producer, bool read_only,
                                                  const Clock& clock) {
  return sqlite::OpenEventBus(
      {.path = paths.telemetry, .producer = producer, .read_only = read_only}, clock);
}

StatusOr<std::unique_ptr<ObjectStore>> OpenBlobs(const StatePaths& paths) {
  return localfs::OpenObjectStore(paths.blobs);
}

StatusOr<std::unique_ptr<Sandbox>> MakeSandbox(const StatePaths& paths, const std::string& tier,
                                               const std::string& workspace) {
  process::Options options;
  options.state_folder = paths.state;
  options.tier = tier == "none" ? process::Tier::kNone : process::Tier::kProcess;
  if (workspace == "copy") {
    options.workspace = process::WorkspaceMode::kCopy;
  } else if (workspace == "overlay") {
    options.workspace = process::WorkspaceMode::kOverlay;
  } else if (!workspace.empty() && workspace != "auto") {
    return InvalidArgument("CODITECT_WORKSPACE is '", EscapeForTerminal(workspace),
                           "'; it may be auto, overlay or copy");
  }
  return process::Sandbox::Create(std::move(options));
}

StatusOr<std::vector<LanguageHarness>> MakeHarnesses(const StatePaths& paths) {
  std::vector<LanguageHarness> harnesses;
  harnesses.push_back({"c++", native::CreateHarness()});
  ASSIGN_OR_RETURN(auto python, python::CreateHarness({.folder = paths.support}));
  harnesses.push_back({"python", std::move(python)});
  return harnesses;
}

StatusOr<std::unique_ptr<TestHarness>> MakeHarness(const StatePaths& paths) {
  ASSIGN_OR_RETURN(auto harnesses, MakeHarnesses(paths));
  return CombineHarnesses(std::move(harnesses));
}

StatusOr<std::unique_ptr<Repository>> OpenMissionRepository(const Context& ctx,
                                                            const StatePaths& paths,
                                                            const MissionRequest& request) {
  return git::OpenRepository(ctx, {.repository = request.repository,
                                   .state_folder = paths.state,
                                   .label = ProcessLabel(),
                                   .git_program = "",
                                   .new_objects = paths.new_objects});
}

StatusOr<std::unique_ptr<Delivery>> OpenMissionDelivery(const Context& ctx, const StatePaths& paths,
                                                        const RepositoryRef& repository) {
  return git::OpenDelivery(ctx, {.repository = repository,
                                 .state_folder = paths.state,
                                 .label = ProcessLabel(),
                                 .git_program = "",
                                 .new_objects = paths.new_objects});
}

StatusOr<ResolvedRepository> ResolveRepository(const Context& ctx, const std::string& folder,
                                               const std::string& base, bool include_uncommitted) {
  ASSIGN_OR_RETURN(auto resolved, git::Resolve(ctx, folder, base));
  std::vector<std::string> notes = git::Notes(resolved, include_uncommitted);
  if (base.empty() && !resolved.branch.empty()) resolved.ref.base_name = resolved.branch;
  return ResolvedRepository{.ref = std::move(resolved.ref),
                            .author = std::move(resolved.author),
                            .notes = std::move(notes)};
}

StatusOr<WorkTreeState> LookAtWorkTree(const Context& ctx, const StatePaths& paths,
                                       const RepositoryRef& repository) {
  return git::TakeSnapshot(ctx, {.repository = repository,
                                 .state_folder = paths.state,
                                 .label = ProcessLabel(),
                                 .new_objects = paths.new_objects});
}

StatusOr<std::optional<WorkTreeSnapshot>> SnapshotWorkTree(const Context& ctx,
                                                           const StatePaths& paths,
                                                           const std::string& request_id,
                                                           ResolvedRepository* resolved) {
  RepositoryRef& ref = resolved->ref;
  ASSIGN_OR_RETURN(const WorkTreeState state, LookAtWorkTree(ctx, paths, ref));
  for (const std::string& folder : state.left_out) {
    resolved->notes.push_back(
        StrCat("folder ", EscapeForTerminal(folder), " is a repository of its own and stays out"));
  }
  if (state.tree == ref.base_tree) {
    resolved->notes.emplace_back("there are no uncommitted changes to include");
    return std::optional<WorkTreeSnapshot>();
  }
  MissionRequest request;
  request.repository = ref;
  ASSIGN_OR_RETURN(const auto git, OpenMissionRepository(ctx, paths, request));
  const std::string files =
      StrCat(Counted(state.tracked, "changed file"), ", ", state.untracked, " untracked");
  WorkTreeSnapshot snapshot{.ref = StrCat("refs/coditect/", request_id, "/snapshot"),
                            .commit = "",
                            .head = ref.base_commit,
                            .tracked = state.tracked,
                            .untracked = state.untracked};
  ASSIGN_OR_RETURN(
      snapshot.commit,
      git->Commit(ctx, {.parent = ref.base_commit,
                        .tree = state.tree,
                        .author = resolved->author,
                        .message = StrCat("Uncommitted changes of the work tree\n\n", files,
                                          ", as they were when a coditect run began.\n"),
                        .wall_ms = SystemClock().WallMs()}));
  if (paths.new_objects.empty()) {
    RETURN_IF_ERROR(git->UpdateRef(ctx, snapshot.ref, "", snapshot.commit));
  }
  ref.base_commit = snapshot.commit;
  ref.base_tree = state.tree;
  resolved->notes.push_back(
      StrCat("your uncommitted changes (", files, ") are part of the run, as ", "commit ",
             snapshot.commit.substr(0, 12), " on top of ", snapshot.head.substr(0, 12)));
  return std::optional<WorkTreeSnapshot>(std::move(snapshot));
}

Status CheckRepositoryWritable(const RepositoryRef& repository) {
  return git::CheckWritable(repository);
}

StatusOr<Standing> LookAtDelivery(const Context& ctx, const StatePaths& paths,
                                  const Delivered& delivered) {
  return git::Look(ctx, DeliveryOptions(paths, delivered));
}

StatusOr<std::vector<OtherResult>> LookAtOtherResults(const Context& ctx, const StatePaths& paths,
                                                      const Delivered& delivered,
                                                      std::vector<OtherResult> others) {
  return git::LookAtOthers(ctx, DeliveryOptions(paths, delivered), std::move(others));
}

StatusOr<bool> UndoDelivery(const Context& ctx, const StatePaths& paths, const Delivered& delivered,
                            bool dry_run) {
  return git::Undo(ctx, DeliveryOptions(paths, delivered), dry_run);
}

StatusOr<MergeOutcome> MergeDelivery(const Context& ctx, const StatePaths& paths,
                                     const Delivered& delivered, const std::string& folder,
                                     const std::vector<TreeId>& tested, bool dry_run) {
  return git::Merge(ctx, DeliveryOptions(paths, delivered), folder, tested, dry_run);
}

StatusOr<TreeId> WriteMerge(const Context& ctx, const StatePaths& paths, const Delivered& delivered,
                            const CommitId& onto) {
  return git::WriteMerge(ctx, DeliveryOptions(paths, delivered), onto);
}

StatusOr<std::vector<RunRef>> DropRunRefs(const Context& ctx, const StatePaths& paths,
                                          const std::vector<ForgottenMission>& runs, bool dry_run) {
  git::RunRefsOptions options{.state_folder = paths.state, .label = ProcessLabel()};
  for (const ForgottenMission& run : runs) {
    options.repository.git_dir = run.git_dir;
    options.repository.common_dir = run.common_dir;
    options.repository.object_format = run.object_format;
    options.runs[run.id] = run.branch_commit;
    // What --include-uncommitted pinned, before the run had an id.
    if (!run.request_id.empty()) options.runs[run.request_id] = run.branch_commit;
  }
  ASSIGN_OR_RETURN(auto refs, git::ListRunRefs(ctx, options));
  if (!dry_run) RETURN_IF_ERROR(git::DropRunRefs(ctx, options, refs));
  return refs;
}

Status InitialiseRepository(const Context& ctx, const std::string& folder,
                            const std::string& message) {
  return git::Initialise(ctx, folder, message);
}

StatusOr<std::string> RunProgram(const Context& ctx, const std::vector<std::string>& argv,
                                 const std::string& folder) {
  const auto environment = ProcessEnvironment();
  git::ProcessRequest request{.argv = argv, .folder = folder};
  for (const auto& [name, value] : environment) {
    request.environment.push_back(StrCat(name, "=", value));
  }
  const auto path = environment.find("PATH");
  bool found = false;
  for (const std::string& entry : Split(path == environment.end() ? "" : path->second, ':')) {
    if (found || !entry.starts_with('/')) continue;
    const std::string program = JoinPath(entry, argv[0]);
    found = ::access(program.c_str(), X_OK) == 0;
    if (found) request.argv[0] = program;
  }
  if (!found) return NotFound(argv[0], " is not on PATH");
  ASSIGN_OR_RETURN(const git::ProcessResult result, git::RunProcess(ctx, request));
  if (result.exit_code == 0) return result.out;
  const std::vector<std::string> said = Split(TrimWhitespace(result.err), '\n');
  return FailedPrecondition(EscapeForTerminal(said.back()));
}

StatusOr<ResolvedTools> ResolveToolchain(const Context& ctx, const StatePaths& paths,
                                         const RepositoryRef& repository,
                                         const std::map<std::string, std::string>& environment,
                                         const std::vector<std::string>& pass) {
  MissionRequest request;
  request.repository = repository;
  ASSIGN_OR_RETURN(const auto git, OpenMissionRepository(ctx, paths, request));
  ASSIGN_OR_RETURN(const auto entries, git->ListFiles(ctx, repository.base_tree));
  std::set<std::string> tracked;
  for (const TreeEntry& entry : entries) tracked.insert(entry.path);
  python::InterpreterRequest wanted;
  wanted.repository = repository.path;
  wanted.environment = environment;
  wanted.is_tracked = [&](const std::string& relative) {
    const auto at = tracked.lower_bound(relative);
    return at != tracked.end() && IsBelow(*at, relative);
  };
  return FindTools(wanted, pass);
}

ResolvedTools ResolveToolchain(const std::string& folder,
                               const std::map<std::string, std::string>& environment) {
  python::InterpreterRequest wanted;
  wanted.repository = folder;
  wanted.environment = environment;
  wanted.is_tracked = [](const std::string&) { return false; };
  return FindTools(wanted, {});
}

std::optional<int> RunAsHelperProcess(int argc, char** argv) {
  if (process::IsBrokerInvocation(argc, argv)) return process::BrokerMain(argc, argv);
  return std::nullopt;
}

}  // namespace coditect
