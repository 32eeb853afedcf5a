// Folders of a working tree that hold dependencies or builds and are not the repository's content.
#pragma once

#include <functional>
#include <string>
#include <vector>

namespace coditect::python {

/// Relative paths of untracked dependency folders (virtual environments, build folders, egg-info …)
/// at most a few levels deep, ascending; none lies inside another. Symbolic links are left out.
std::vector<std::string> DependencyFolders(
    const std::string& repository, const std::function<bool(const std::string&)>& is_tracked);

}  // namespace coditect::python
