// A configuration file that explains itself: every key, commented out, with its default.
#pragma once

#include <string>

#include "src/app/config/keys.h"

namespace coditect {

enum class ExampleFor {
  kPerson,      // every key: config/coditect.toml
  kRepository,  // those that a repository may set: `coditect init`
};

/// TOML without a single setting.
std::string ExampleConfig(ExampleFor whom);

/// What stands behind a key there: its default, or for an address what one looks like.
std::string ExampleValue(const ConfigKey& key);

}  // namespace coditect
