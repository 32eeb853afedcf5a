// Messages of gcc, clang and the linker as values.
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "src/domain/diagnostic.h"

namespace coditect::native {

/// The text of a file of the repository as it was built; "" when it cannot be had.
using SourceReader = std::function<std::string(const std::string& path)>;

/// Reads what one compiler or linker printed (text form, `-fdiagnostics-parseable-fixits`) when it
/// ran in `folder` (absolute). Paths below `repository` become relative, others stay. Never fails:
/// lines that are no diagnostic are skipped, numbers and lengths are bounded, a fix-it that does
/// not lie in its file is dropped. Errors in headers outside the repository get the position of the
/// repository that needed them, where the text tells it.
std::vector<Diagnostic> ParseDiagnostics(std::string_view output, const std::string& folder,
                                         const std::string& repository, const SourceReader& read);

/// True when a compiler or linker seems to have said an error in the text.
bool SaysCompileError(std::string_view output);

/// Removes repetitions: a header's error is said once for each file that includes it.
void MergeDiagnostics(std::vector<Diagnostic> more, std::vector<Diagnostic>* all);

}  // namespace coditect::native
