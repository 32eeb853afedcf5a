// TOML text to a flat list of named values with their places.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "src/app/config/value.h"
#include "src/base/status.h"

namespace coditect {

/// A place in a file, from 1; columns count characters.
struct TomlPlace {
  int line = 1;
  int column = 1;
};

struct TomlEntry {
  std::string name;      // "agent.timeout"; parts that are no plain words appear in quotes
  bool section = false;  // an empty table, which has a name and no value
  TomlValue value;
  TomlPlace name_at;
  TomlPlace value_at;
};

/// What the file says, in its order. INVALID_ARGUMENT "line:column: what; next step" for text that
/// is no TOML, is not UTF-8, has NUL bytes or nests deeper than kTomlDepthMax (checked before the
/// TOML library recurses). Never aborts, whatever the bytes.
StatusOr<std::vector<TomlEntry>> ReadToml(std::string_view text);

inline constexpr int kTomlDepthMax = 16;

}  // namespace coditect
