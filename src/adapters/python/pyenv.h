// pyenv's choice of a version, by its files and variables; its scripts are not run.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

namespace coditect::python {

/// The root of pyenv when `folder` holds its shims, else nullopt.
std::optional<std::string> PyenvRootOfShims(const std::string& folder);

/// Folders of the versions that are selected, in order: PYENV_VERSION, else the nearest
/// `.python-version` upwards from `repository`, else `<root>/version`. A prefix such as `3.11`
/// means the newest installed one. "" stands for "system". Names with a slash are ignored.
std::vector<std::string> PyenvVersions(const std::string& root, const std::string& repository,
                                       const std::map<std::string, std::string>& environment);

}  // namespace coditect::python
