// Generated C++ projects of a chosen size, with CMake and tests.
#pragma once

#include <map>
#include <string>

namespace coditect::bench {

/// A library of `files` source files with a header each, every one about `lines` lines with the
/// standard library's headers and calls of its neighbours, and ten test programs; by path.
std::map<std::string, std::string> CxxProject(int files, int lines);

}  // namespace coditect::bench
