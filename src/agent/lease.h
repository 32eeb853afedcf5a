// What an agent is given with its lease: the work, the tools, and the way to tell about it.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "src/base/context.h"
#include "src/domain/fact.h"
#include "src/ports/agent_service.h"
#include "src/ports/delivery.h"
#include "src/ports/event_bus.h"
#include "src/ports/object_store.h"
#include "src/ports/orchestrator_service.h"
#include "src/ports/repository.h"
#include "src/ports/sandbox.h"
#include "src/ports/test_harness.h"
#include "src/wire/codec.h"

namespace coditect {

/// The outside, as the composition root made it. Everything outlives the host.
struct HostServices {
  Sandbox& sandbox;
  TestHarness& harness;
  ObjectStore& blobs;
  EventBus& bus;
  const OrchestratorService& orchestrator;
  const Clock& clock;
  std::string work_folder;  // base folders of missions
  /// Opens the git broker on a mission's repository.
  std::function<StatusOr<std::unique_ptr<Repository>>(const Context&, const MissionRequest&)>
      open_repository;
  /// The same for the person's side of a delivery.
  std::function<StatusOr<std::unique_ptr<Delivery>>(const Context&, const MissionRequest&)>
      open_delivery;
};

class MissionResources;  // mission_resources.h

/// One lease at work. The context ends when the lease does.
struct Lease {
  Context ctx;
  WantedLease wanted;
  MissionResources& mission;
  const HostServices& services;

  /// A parameter of the action, "" when absent.
  std::string Parameter(const std::string& name) const;
  uint64_t IntParameter(const std::string& name) const;
  /// "<run>/<task>/<epoch>": names refs and marks workspaces.
  std::string Label() const;

  /// agent.think: what the agent considers. May be shed.
  void Think(std::string event_type, std::map<std::string, std::string> details) const;
  /// agent.act: what it does.
  void Act(std::string event_type, uint64_t duration_ms,
           std::map<std::string, std::string> details) const;

  /// Waits, without a busy loop, until `duration` is over or the lease ends.
  void Pause(std::chrono::milliseconds duration) const;

  /// Stores a value as a blob and reads one back.
  template <wire::HasFields T>
  StatusOr<BlobId> Put(const T& value) const {
    return services.blobs.Put(ctx, wire::Encode(value));
  }
  template <wire::HasFields T>
  StatusOr<T> Get(const BlobId& id) const {
    ASSIGN_OR_RETURN(const std::string bytes, services.blobs.Get(ctx, id));
    return wire::Decode<T>(bytes, "blob " + id);
  }

  /// A result of this lease with nothing filled in but who it is from.
  TaskResult NewResult(ResultOutcome outcome, std::string reason = "") const;

 private:
  void Publish(std::string_view topic, std::string event_type, uint64_t duration_ms,
               std::map<std::string, std::string> details) const;
};

/// What an agent's work comes to. `drafts`: the tasks of a plan it announces.
struct Work {
  TaskResult result;
  std::vector<TaskPlanned> drafts;
};

/// True when the mission's goal is that the repository builds.
bool WorksOnBuild(const Lease& lease);

// The work of each intent (one file each, and one for builds). A Status that is not OK is a failure
// of our machinery: the host reports it as kError, or as nothing at all when the lease was
// cancelled.
StatusOr<Work> Observe(const Lease& lease);    // analyzer.cpp
StatusOr<Work> Localize(const Lease& lease);   // localizer.cpp
StatusOr<Work> MakePlan(const Lease& lease);   // planner.cpp
StatusOr<Work> Repair(const Lease& lease);     // coder.cpp
StatusOr<Work> Adopt(const Lease& lease);      // adopter.cpp
StatusOr<Work> Verify(const Lease& lease);     // tester.cpp
StatusOr<Work> Merge(const Lease& lease);      // integrator.cpp
StatusOr<Work> Integrate(const Lease& lease);  // deliverer.cpp
StatusOr<Work> Deliver(const Lease& lease);    // deliverer.cpp

/// Lets the ref of the mission's tip follow what the ledger decided (integrator.cpp).
Status AdvanceTip(const Lease& lease, Repository& git);

StatusOr<Work> ObserveBuild(const Lease& lease);   // build_observation.cpp
StatusOr<Work> LocalizeBuild(const Lease& lease);  // build_observation.cpp
StatusOr<Work> RepairBuild(const Lease& lease);    // build_coder.cpp

}  // namespace coditect
