// Results as agents report them, and requests as clients make them, with ids that do not compress.
#pragma once

#include <cstdint>
#include <random>
#include <string>
#include <vector>

#include "src/domain/evidence.h"
#include "src/domain/mission.h"
#include "src/domain/state.h"
#include "src/ports/orchestrator_service.h"

namespace coditect::bench {

/// Deterministic: the same seed gives the same texts. Not thread-safe.
class ScriptedAgent {
 public:
  explicit ScriptedAgent(uint32_t seed) : random_(seed) {}

  /// `digits` hexadecimal digits.
  std::string Hex(int digits);

  MissionRequest Request();

  /// The successful result of a lease of `intent`; `expected_digest` is the task's. `mission` may
  /// be nullptr for intents that need nothing of it (observe, localize).
  TaskResult Result(const std::string& intent, const std::map<std::string, std::string>& parameters,
                    const std::string& expected_digest);

  /// Tests of the repository every scripted mission is about.
  static std::vector<std::string> Passing();
  static std::vector<std::string> Failing();

 private:
  Evidence Passes(const TreeId& tree, const std::string& expected_digest);

  std::mt19937 random_;
};

}  // namespace coditect::bench
