// What a change may not touch for its tests to prove anything (invariant I8).
#pragma once

#include <map>
#include <string>
#include <vector>

#include "src/domain/change.h"

namespace coditect {

/// Why the tests of the changed tree are not those of the base, as a sentence that names the file
/// and the rule; "" when they are. `base` are the base's entries by path, `test_files` the paths
/// among them that hold tests or configure them (HarnessPlan). Beside those it is about files that
/// need not exist in the base to decide a verdict: what test runners, build tools, linkers and
/// interpreters read or load on their own, and new tests, whose import can change the others.
std::string TestsChangedBy(const std::vector<FileChange>& changes,
                           const std::map<std::string, TreeEntry>& base,
                           const std::vector<std::string>& test_files);

}  // namespace coditect
