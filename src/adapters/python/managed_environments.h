// Where the managers of Python environments (Poetry, uv, Pipenv, PDM, Hatch, conda, tox, nox) keep
// a project's own, found by their files alone: nothing of a manager is executed.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace coditect::python {

/// A place where a manager keeps an environment, there or not.
struct ManagedEnvironment {
  std::string prefix;
  std::string origin;  // "Poetry", "tox py311"
};

/// What a repository's managers say.
struct ManagedEnvironments {
  std::vector<ManagedEnvironment> found;  // folders that hold an environment, best first
  std::string manager;  // the one that would make the project's environment, "" = none known
  std::string command;  // what makes it: "poetry install"
};

/// The 8 letters by which Poetry, Pipenv and Hatch tell the environments of projects apart: the
/// beginning of the path's SHA-256 in URL-safe base64.
std::string PathLetters(std::string_view path);

/// `repository`, `home`: absolute, without symbolic links. Sources: each manager's documentation of
/// its environments' places (Poetry and Pipenv: name and 8 letters of the path's SHA-256; Hatch:
/// the letters as a folder; conda: its roots' envs; uv, PDM: .venv; tox, nox: .tox, .nox).
ManagedEnvironments FindManagedEnvironments(const std::string& repository, const std::string& home,
                                            const std::map<std::string, std::string>& environment);

}  // namespace coditect::python
