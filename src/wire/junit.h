// JUnit XML: the report that most test runners can write.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "src/base/status.h"

namespace coditect::wire {

struct JunitCase {
  std::string class_name;
  std::string name;
  std::string file;     // of pytest's older dialect; else ""
  bool failed = false;  // a failure or an error

  bool operator==(const JunitCase&) const = default;
};

/// The test cases of a report in any of its dialects, in their order. INVALID_ARGUMENT, naming the
/// line, for what is no XML, has a document type (entities are never defined or fetched) or is no
/// such report; RESOURCE_EXHAUSTED above kJunitCasesMax. Never recurses. Sources: the schemas of
/// Apache Ant and Jenkins xUnit; XML 1.0.
StatusOr<std::vector<JunitCase>> ReadJunit(std::string_view xml);

inline constexpr size_t kJunitCasesMax = 1'000'000;

/// The ids that a runner of ours may have given this test, likeliest first: of pytest
/// ("tests/test_a.py::TestB::test_c") and unittest ("tests.test_a.TestB.test_c"), then the name
/// alone.
std::vector<std::string> JunitIds(const JunitCase& test);

}  // namespace coditect::wire
