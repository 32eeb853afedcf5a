// How the person configured their own build folder, so that ours is configured alike.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace coditect::native {

/// An `option(NAME "…" VALUE)` of a CMakeLists.txt.
struct DeclaredOption {
  std::string name;
  bool on = false;
};

/// Options of a CMakeLists.txt in its order; dependent ones by what they are if they may be.
std::vector<DeclaredOption> DeclaredOptions(const std::string& cmake_lists);

/// True for an option's name that says "build the tests" and nothing more special.
bool IsTestOption(const std::string& name);

/// What a person said when they configured: -DNAME=VALUE for each of `options` that their
/// CMakeCache.txt has otherwise than declared, the build type, and -GNinja where Ninja is the
/// generator. Tests are
/// never switched off. Empty for the cache of another source folder than `source`, an absolute
/// path.
std::vector<std::string> ArgumentsOfCache(std::string_view cache, std::string_view source,
                                          const std::vector<DeclaredOption>& options);

}  // namespace coditect::native
