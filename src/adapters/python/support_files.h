// The Python scripts of this adapter: embedded in the binary, written to disk once.
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "src/base/status.h"

namespace coditect::python {

struct SupportFile {
  std::string_view name;  // relative path
  std::string_view text;
};

std::span<const SupportFile> SupportScripts();

/// Writes the scripts below `<folder>/<digest of their content>`, readable by everybody, unless
/// they are there already; returns that folder. Errors as of the file system.
StatusOr<std::string> InstallSupportScripts(const std::string& folder);

}  // namespace coditect::python
