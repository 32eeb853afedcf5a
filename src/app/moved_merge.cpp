// What a merge into a branch that moved would make, tested.
#include "src/app/moved_merge.h"

#include <algorithm>
#include <memory>

#include "src/agent/mission_resources.h"
#include "src/app/workbench.h"
#include "src/wire/codec.h"

namespace coditect {
namespace {

/// The parameters that an integrator of the mission would have been given.
StatusOr<std::map<std::string, std::string>> IntegrateParameters(const Context& ctx,
                                                                 const MissionState& mission,
                                                                 ObjectStore& blobs) {
  std::map<std::string, std::string> parameters;
  if (!mission.baseline.has_value()) return Internal("run ", mission.id, " has no baseline");
  parameters["baseline"] = mission.baseline->baseline;
  for (const TaskState& task : mission.tasks) {
    if (task.spec.intent == "localize") parameters["faults"] = OutputOf(task, "faults");
    const bool done = task.status == TaskStatus::kDone;
    if (done && task.spec.parameters.contains("changed_tests")) parameters["changed_tests"] = "1";
  }
  const auto bytes = blobs.Get(ctx, parameters["faults"]);
  if (!bytes.ok()) {
    return Annotate(bytes.status(), StrCat("what run ", mission.id, " found is gone"));
  }
  ASSIGN_OR_RETURN(const auto faults, wire::Decode<FaultReport>(*bytes, "fault report"));
  std::string clusters;
  for (size_t i = 0; i < faults.clusters.size(); ++i) StrAppend(clusters, i == 0 ? "" : " ", i);
  parameters["clusters"] = clusters;
  parameters["seed"] = std::to_string(mission.request.seed);
  return parameters;
}

}  // namespace

StatusOr<MergeTested> TestMerge(const Context& ctx, const StatePaths& kept,
                                const MissionState& mission, const Delivered& delivered,
                                const Standing& standing) {
  ASSIGN_OR_RETURN(const ScratchState scratch, ScratchState::Make(kept, ProcessEnvironment()));
  ASSIGN_OR_RETURN(const auto bench, Workbench::Open(scratch.paths(), kept));
  const HostServices& services = bench->services();
  MergeTested tested{
      .branch = standing.base_branch, .onto = standing.base_at, .tree = standing.merged_tree};
  ASSIGN_OR_RETURN(const TreeId tree,
                   WriteMerge(ctx, scratch.paths(), delivered, standing.base_at));
  if (tree != tested.tree) {
    return Aborted("git merges ", delivered.branch, " in two ways; try again");
  }
  ASSIGN_OR_RETURN(const auto moved,
                   ResolveRepository(ctx, mission.request.repository.path, standing.base_at));
  const auto request = std::make_shared<MissionRequest>(mission.request);
  MissionResources resources(mission.id, request, services);
  Lease lease{.ctx = ctx,
              .wanted = {.mission_id = mission.id,
                         .task_id = {static_cast<uint32_t>(mission.tasks.size()) + 1},
                         .agent_id = "merge",
                         .role = Role::kIntegrator,
                         .action = {},
                         .request = request},
              .mission = resources,
              .services = services};
  ASSIGN_OR_RETURN(lease.wanted.action.parameters,
                   IntegrateParameters(ctx, mission, services.blobs));
  ASSIGN_OR_RETURN(
      MovedClaim claim,
      TestOnMoved(lease, {.commit = standing.base_at, .tree = moved.ref.base_tree}, tree));
  tested.evidence = std::move(claim.evidence);
  tested.fault = std::move(claim.fault);
  return tested;
}

}  // namespace coditect
