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

struct AlternativesOptions {
  std::set<uint32_t> whole;  // alternatives that get a body of their own
  /// The file is compiled as the project does: for a base that fails only like that. Else without
  /// optimization, which would take longer than running what it makes ever does.
  bool optimized = false;
};

/// `base` is the file's text; alternative `i` (from 1) is `*candidates[i - 1]`, null = left out.
/// One whose only edit lies in a statement or a condition (choice_places.h) shares the body with
/// the others and is chosen there, which compiles ten times faster; unless the options want a body
/// of its own, or it needs one.
AlternativesFile WriteAlternatives(const std::string& path, const std::string& base,
                                   const std::vector<const Candidate*>& candidates,
                                   const AlternativesOptions& options = {});

struct FaultyAlternatives {
  std::set<uint32_t> all;
  /// Of these, those with complaints about names and types only: they would be the same in a body
  /// of their own.
  std::set<uint32_t> hopeless;
};

/// The alternatives that a failed build complains about, by the positions in its output.
FaultyAlternatives FindFaulty(std::string_view output, std::string_view path,
                              const AlternativesFile& file);

}  // namespace coditect::native
