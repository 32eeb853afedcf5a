// The harness for C and C++.
#pragma once

#include <memory>

#include "src/ports/test_harness.h"

namespace coditect::native {

std::unique_ptr<TestHarness> CreateHarness();

}  // namespace coditect::native
