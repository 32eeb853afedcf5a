// Many versions of function bodies in one build, chosen when the program runs (mutant schemata:
// Untch, Offutt and Harrold, Mutation Analysis Using Mutant Schemata, 1993).
#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "src/ports/test_harness.h"

namespace coditect::native {

/// The environment variable that chooses; unset or 0 = the base.
inline constexpr const char* kAlternativeVariable = "CODITECT_ALTERNATIVE";

/// True when the candidate can be one of many in a build: all its edits lie in bodies of functions
/// that do not overlap, compute no jumps and run at run time.
bool IsAlternative(const Candidate& candidate, const std::map<std::string, std::string>& base);

/// A file whose functions choose among alternatives.
struct AlternativesFile {
  std::string text;
  /// [first, last] lines of `text`, from 1, that belong to an alternative, ascending.
  struct Lines {
    uint32_t first = 0;
    uint32_t last = 0;
    uint32_t number = 0;  // the alternative
    bool shared = false;  // it is chosen within a body that it shares
  };
  std::vector<Lines> lines;
};

/// `base` is the file's text; alternative `i` (from 1) is `*candidates[i - 1]`, null = left out.
/// One whose only edit lies in a statement or a condition (choice_places.h) shares the body with
/// the others and is chosen there, which compiles ten times faster; unless `whole` names it, or it
/// cannot: then it has a body of its own.
AlternativesFile WriteAlternatives(const std::string& path, const std::string& base,
                                   const std::vector<const Candidate*>& candidates,
                                   const std::set<uint32_t>& whole = {});

/// The alternatives that a failed build complains about, by the positions in its output.
std::set<uint32_t> FaultyAlternatives(std::string_view output, std::string_view path,
                                      const AlternativesFile& file);

}  // namespace coditect::native
