// Python modules whose distribution has another name.
#pragma once

#include <string>
#include <string_view>

namespace coditect::python {

/// What `pip install` calls the package of a top-level module; the module's own name when no other
/// is known.
std::string PackageOfModule(std::string_view module);

/// One sentence: what is missing and the exact command that would install it.
std::string MissingModuleSentence(std::string_view interpreter, std::string_view module);

}  // namespace coditect::python
