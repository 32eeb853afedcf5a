// The composition root: the only place that knows which technology stands behind a port.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "src/app/language_harnesses.h"
#include "src/app/ledger_tail.h"
#include "src/app/paths.h"
#include "src/domain/delivery.h"
#include "src/domain/mission.h"
#include "src/domain/retention.h"
#include "src/domain/state.h"
#include "src/domain/toolchain.h"
#include "src/ports/delivery.h"
#include "src/ports/event_bus.h"
#include "src/ports/event_log.h"
#include "src/ports/object_store.h"
#include "src/ports/repository.h"
#include "src/ports/sandbox.h"
#include "src/ports/test_harness.h"

namespace coditect {

std::string BuildId();  // "coditect 0.1.0 (a1b2c3d)"
std::string VersionNumber();

/// A reader of the ledger, whoever owns it.
StatusOr<std::unique_ptr<LedgerTail>> OpenLedgerTail(const StatePaths& paths);

/// Checks every page of the ledger's file and every event it leads to, in time that grows with
/// them; what it holds, in words. DATA_LOSS says what is damaged.
StatusOr<std::string> ExamineLedger(const Context& ctx, const StatePaths& paths);

StatusOr<std::unique_ptr<EventLog>> OpenLedgerFile(const StatePaths& paths, bool read_only);
StatusOr<std::unique_ptr<EventBus>> OpenTelemetry(const StatePaths& paths,
                                                  const std::string& producer, bool read_only,
                                                  const Clock& clock);
StatusOr<std::unique_ptr<ObjectStore>> OpenBlobs(const StatePaths& paths);

/// The sandbox of one tier. `workspace`: "" = the best that works, "copy" = without overlays.
/// FAILED_PRECONDITION in one sentence with the next step when the tier cannot be had here.
StatusOr<std::unique_ptr<Sandbox>> MakeSandbox(const StatePaths& paths, const std::string& tier,
                                               const std::string& workspace);
/// One for each language, and all of them as one.
StatusOr<std::vector<LanguageHarness>> MakeHarnesses(const StatePaths& paths);
StatusOr<std::unique_ptr<TestHarness>> MakeHarness(const StatePaths& paths);

StatusOr<std::unique_ptr<Repository>> OpenMissionRepository(const Context& ctx,
                                                            const StatePaths& paths,
                                                            const MissionRequest& request);

StatusOr<std::unique_ptr<Delivery>> OpenMissionDelivery(const Context& ctx, const StatePaths& paths,
                                                        const RepositoryRef& repository);

/// The repository as the person sees it.
struct ResolvedRepository {
  RepositoryRef ref;
  std::string author;
  std::vector<std::string> notes;  // one line each: shallow, mid-merge, submodules, …
};
/// `base`: "" = HEAD. `include_uncommitted`: SnapshotWorkTree will be asked, so no note about what
/// is not committed. Errors are one sentence with the next step.
StatusOr<ResolvedRepository> ResolveRepository(const Context& ctx, const std::string& folder,
                                               const std::string& base,
                                               bool include_uncommitted = false);

/// The work tree as a tree of the repository, which was resolved at HEAD. Index, stash, refs and
/// files stay as they are. FAILED_PRECONDITION in one sentence with the next step.
StatusOr<WorkTreeState> LookAtWorkTree(const Context& ctx, const StatePaths& paths,
                                       const RepositoryRef& repository);

/// Makes what is not committed the base of `resolved`: a commit on top of HEAD, kept by a ref named
/// after `request_id`. Nothing when there is nothing. Errors as LookAtWorkTree.
StatusOr<std::optional<WorkTreeSnapshot>> SnapshotWorkTree(const Context& ctx,
                                                           const StatePaths& paths,
                                                           const std::string& request_id,
                                                           ResolvedRepository* resolved);

/// PERMISSION_DENIED when no branch could be made there.
Status CheckRepositoryWritable(const RepositoryRef& repository);

/// How a delivered branch stands to the branch its base was. Nothing is written.
StatusOr<Standing> LookAtDelivery(const Context& ctx, const StatePaths& paths,
                                  const Delivered& delivered);

/// How it goes with what other runs of the repository came to. Nothing is written.
StatusOr<std::vector<OtherResult>> LookAtOtherResults(const Context& ctx, const StatePaths& paths,
                                                      const Delivered& delivered,
                                                      std::vector<OtherResult> others);

/// Deletes the delivered branch; false: there is none. FAILED_PRECONDITION in one sentence with the
/// next step when it was moved or is in use.
StatusOr<bool> UndoDelivery(const Context& ctx, const StatePaths& paths, const Delivered& delivered,
                            bool dry_run);

/// Merges the delivered commit into the branch checked out at `folder` if that makes the tested
/// tree or one of `tested`. FAILED_PRECONDITION in one sentence with the next step.
StatusOr<MergeOutcome> MergeDelivery(const Context& ctx, const StatePaths& paths,
                                     const Delivered& delivered, const std::string& folder,
                                     const std::vector<TreeId>& tested, bool dry_run);

/// Writes the tree that merging the delivered commit into the commit `onto` makes. ABORTED when
/// they conflict.
StatusOr<TreeId> WriteMerge(const Context& ctx, const StatePaths& paths, const Delivered& delivered,
                            const CommitId& onto);

/// Drops the refs below refs/coditect/ of forgotten runs, which are all of one repository, and says
/// which they were. NOT_FOUND when the repository is gone. `dry_run`: everything but the deletion.
StatusOr<std::vector<RunRef>> DropRunRefs(const Context& ctx, const StatePaths& paths,
                                          const std::vector<ForgottenMission>& runs, bool dry_run);

/// Runs a program of the person's PATH in `folder`, as they would, and waits for its end.
/// FAILED_PRECONDITION with the last line of what it said when it fails, NOT_FOUND when it is not
/// there.
StatusOr<std::string> RunProgram(const Context& ctx, const std::vector<std::string>& argv,
                                 const std::string& folder);

/// Makes a git repository of the folder with everything in it as one commit on branch main.
Status InitialiseRepository(const Context& ctx, const std::string& folder,
                            const std::string& message);

/// The tools the person's shell would use.
struct ResolvedTools {
  Toolchain toolchain;
  std::vector<std::string> notes;  // what is missing or not used and why, one sentence each
};
/// Those of the repository. `pass`: variables let through beside the usual.
StatusOr<ResolvedTools> ResolveToolchain(const Context& ctx, const StatePaths& paths,
                                         const RepositoryRef& repository,
                                         const std::map<std::string, std::string>& environment,
                                         const std::vector<std::string>& pass);
/// Those of a folder that is no repository.
ResolvedTools ResolveToolchain(const std::string& folder,
                               const std::map<std::string, std::string>& environment);

/// Set in a process that the program started of itself: what it is to do instead of the command
/// line, with its exit code.
std::optional<int> RunAsHelperProcess(int argc, char** argv);

}  // namespace coditect
