// What could mend an error of a compiler or linker, likeliest first: rules on what is said and on
// what the repository declares. Whether it does, the next build says.
#pragma once

#include <set>
#include <string>
#include <vector>

#include "src/domain/diagnostic.h"
#include "src/repair/compile_index.h"

namespace coditect::repair {

/// Rivals: where a use and a declaration disagree, which of them gives way first.
enum class CompileSpace { kUses, kDeclarations };

/// A patch for one error, or for all errors of the same cause. Offsets are of the index's files.
struct CompileProposal {
  std::vector<SourceEdit> edits;
  std::string rule;  // what is done, for people: "include <vector>"
  double score = 0;  // how likely it is, in (0, 1]
};

/// Errors that say the same, whereever.
struct ErrorGroup {
  std::vector<Diagnostic> errors;
};

/// The groups of the errors, in the order in which the first of each was said. Warnings that tell
/// of what the linker will miss count as errors.
std::vector<ErrorGroup> GroupErrors(const std::vector<Diagnostic>& diagnostics);

/// At most kProposalsMax proposals for `group`, best first, each once; edits stay in `editable`.
inline constexpr size_t kProposalsMax = 40;
std::vector<CompileProposal> ProposeFixes(const CodeIndex& index, const ErrorGroup& group,
                                          const std::set<std::string>& editable,
                                          CompileSpace space);

}  // namespace coditect::repair
