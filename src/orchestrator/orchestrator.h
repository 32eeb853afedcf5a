// Layer 1: looks at a mission's state and proposes what should happen next.
#pragma once

#include "src/ports/orchestrator_service.h"

namespace coditect {

/// Stateless and pure; thread-safe.
class Orchestrator final : public OrchestratorService {
 public:
  std::vector<MissionProposal> Decide(const MissionState& mission) const override;
  StatusOr<PlanDocument> Plan(const PlanningContext& context) const override;
};

}  // namespace coditect
