// The build systems of a repository that can test it, and which of them is used.
#pragma once

#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "src/base/status.h"

namespace coditect::native {

struct BuildSystem {
  std::string runner;                  // "ctest", "meson", "command"
  std::string command;                 // what a person would type at the repository's top
  std::vector<std::string> arguments;  // of the configuration, part of `command`
  std::string build_file;              // the one it was recognised by
  std::vector<std::string> notes;      // what a person should know of the choice
};

struct BuildSystems {
  std::vector<BuildSystem> usable;  // of one folder, the one to be used first
  std::string obstacle;  // why there is none, when the build files say that; one sentence
};

/// True for a file that configures a build: repairs never change it.
bool IsBuildFile(std::string_view name);

/// Chooses by the text of build files by path (IsBuildFile; no others are looked at): CMake that
/// declares tests, Meson that does, configure, a Makefile with a target check or test; at the top,
/// else in the only nearest folder that has one.
BuildSystems FindBuildSystems(const std::map<std::string, std::string>& build_files);

}  // namespace coditect::native
