// The tools of agents for one command.
#include "src/app/workbench.h"

#include <errno.h>
#include <stdlib.h>

#include "src/base/file.h"
#include "src/base/random.h"

namespace coditect {

StatusOr<ScratchState> ScratchState::Make(const StatePaths& real,
                                          const std::map<std::string, std::string>& environment) {
  RETURN_IF_ERROR(CheckStateFolder(real));
  const auto temporary = environment.find("TMPDIR");
  const bool usable = temporary != environment.end() && temporary->second.starts_with('/');
  std::string folder = JoinPath(usable ? temporary->second : "/tmp", "coditect-XXXXXX");
  if (::mkdtemp(folder.data()) == nullptr) {
    return ErrnoStatus(errno, "cannot make a temporary folder ", folder,
                       "; set TMPDIR to one that can be written");
  }
  auto own = environment;
  own["CODITECT_STATE_DIR"] = folder;
  ASSIGN_OR_RETURN(StatePaths paths, FindStatePaths(own));
  paths.new_objects = folder + "/objects";
  ScratchState state(std::move(paths));
  RETURN_IF_ERROR(MakeStateFolders(state.paths()));
  RETURN_IF_ERROR(MakeDirs(state.paths().new_objects));
  return state;
}

ScratchState::~ScratchState() {
  if (!paths_.state.empty()) RemoveTree(paths_.state).IgnoreError();
}

StatusOr<std::unique_ptr<Workbench>> Workbench::Open(const StatePaths& scratch,
                                                     const StatePaths& kept) {
  std::unique_ptr<Workbench> bench(new Workbench());
  ASSIGN_OR_RETURN(bench->harness_, MakeHarness(scratch));
  ASSIGN_OR_RETURN(bench->blobs_, OpenBlobs(kept));
  ASSIGN_OR_RETURN(bench->bus_,
                   OpenTelemetry(kept, RandomHex(16), /*read_only=*/false, bench->clock_));
  bench->sandbox_ = std::make_unique<TieredSandbox>(
      [&scratch](const std::string& tier) { return MakeSandbox(scratch, tier, ""); });
  bench->services_ = std::make_unique<HostServices>(
      HostServices{.sandbox = *bench->sandbox_,
                   .harness = *bench->harness_,
                   .blobs = *bench->blobs_,
                   .bus = *bench->bus_,
                   .orchestrator = bench->orchestrator_,
                   .clock = bench->clock_,
                   .work_folder = scratch.work,
                   .open_repository =
                       [&scratch](const Context& ctx, const MissionRequest& request) {
                         return OpenMissionRepository(ctx, scratch, request);
                       },
                   .open_delivery =
                       [&scratch](const Context& ctx, const MissionRequest& request) {
                         return OpenMissionDelivery(ctx, scratch, request.repository);
                       }});
  return bench;
}

}  // namespace coditect
