// `coditect doctor --bundle FILE`: what a report of a bug needs, and nothing that is the person's.
#pragma once

#include <string>
#include <vector>

#include "src/app/commands/commands.h"
#include "src/app/doctor/check.h"

namespace coditect {

/// One JSON object, schema coditect.bundle/v1: version, checks, the configuration's keys with their
/// origins, and the events of the last runs. Texts that a person or a repository wrote (goals,
/// paths, names of tests, values of configuration) are replaced by their size, and secrets of the
/// environment, the home folder, the names of user and machine by a word.
std::string BundleJson(const GlobalOptions& global, const std::vector<Check>& checks);

}  // namespace coditect
