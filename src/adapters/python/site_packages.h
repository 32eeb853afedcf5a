// Folders outside a Python installation that its site-packages refer to.
#pragma once

#include <map>
#include <string>
#include <vector>

namespace coditect::python {

/// The site-packages and dist-packages folders below an installation or virtual environment.
std::vector<std::string> SiteFolders(const std::string& prefix);

/// Absolute folders named by a site folder's .pth files, .egg-link files and the finders of
/// editable installs (PEP 660). Nothing in them is executed; what does not exist is left out.
std::vector<std::string> ReferencedFolders(const std::string& site_folder);

/// Keys and values of a `key = value` file such as pyvenv.cfg.
std::map<std::string, std::string> ReadKeyValues(const std::string& path);

}  // namespace coditect::python
