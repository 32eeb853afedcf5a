// One harness for all languages: the first that knows the repository's tests runs them.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "src/ports/test_harness.h"

namespace coditect {

/// A language by the name its harness gives to plans ("python", "c++").
struct LanguageHarness {
  std::string language;
  std::unique_ptr<TestHarness> harness;
};

/// Detect asks them in order: the first that does not answer NOT_FOUND decides; when all do, the
/// answer tells their reasons. A repository that declares a Python package and whose CMake or Meson
/// build declares tests has both suites (mixed_harness.h). Runs and filters go to the language of
/// the plan.
std::unique_ptr<TestHarness> CombineHarnesses(std::vector<LanguageHarness> harnesses);

}  // namespace coditect
