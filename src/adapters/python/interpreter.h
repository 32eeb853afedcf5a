// The Python the person's shell would use, found without executing anything.
#pragma once

#include <functional>
#include <map>
#include <string>
#include <vector>

#include "src/domain/toolchain.h"

namespace coditect::python {

struct InterpreterRequest {
  std::string repository;  // absolute, without symbolic links
  /// The person's: VIRTUAL_ENV, CONDA_PREFIX, PATH, PYENV_ROOT, PYENV_VERSION, PYTHONPATH, HOME …
  std::map<std::string, std::string> environment;
  /// Whether git tracks something at or below a relative path of the repository.
  std::function<bool(const std::string& relative)> is_tracked;
};

struct ResolvedToolchain {
  Toolchain toolchain;             // python = "" when there is none
  std::vector<std::string> notes;  // what was not used and why, one sentence each
};

/// In this order: VIRTUAL_ENV, CONDA_PREFIX, `.venv` and `venv` of the repository, those of its
/// managers (managed_environments.h; a note says which command makes a missing one), python3 and
/// python on PATH (pyenv's shims are resolved by its files). Dependency folders of the repository
/// that git does not track become overlays; one that is tracked is the repository's content and
/// never chosen. Folders that an interpreter needs become read-only binds, but never the home
/// folder, what contains it, or a hidden folder in it that holds no toolchain.
ResolvedToolchain ResolveToolchain(const InterpreterRequest& request);

}  // namespace coditect::python
