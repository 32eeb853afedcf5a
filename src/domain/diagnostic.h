// What a compiler or a linker says about a build, in one shape for every tool.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "src/domain/change.h"

namespace coditect {

/// A remark that belongs to a diagnostic: where something was declared, what was meant.
struct DiagnosticNote {
  std::string file;
  uint32_t line = 0;
  uint32_t column = 0;
  std::string message;

  bool operator==(const DiagnosticNote&) const = default;
};

/// One error, or a warning. Paths are relative to the repository where they lie in it.
struct Diagnostic {
  bool error = true;
  std::string file;     // "" = none was named
  uint32_t line = 0;    // from 1; 0 = unknown
  uint32_t column = 0;  // in bytes from 1; 0 = unknown
  std::string message;  // without position and severity, at most 2 KiB
  std::vector<DiagnosticNote> notes;
  /// What the tool itself would change: each element alone is one remedy.
  std::vector<std::vector<SourceEdit>> fixes;

  bool operator==(const Diagnostic&) const = default;
};

}  // namespace coditect
