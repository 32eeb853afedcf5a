// What stops a build that no change of the sources can mend: a download, a package, a tool, root.
#pragma once

#include <string>
#include <string_view>

namespace coditect::native {

/// One sentence with what is lacking and the next step, from the output of a build that failed; ""
/// when nothing of the kind is said. The text may hold bytes of the repository's choice.
std::string BuildObstacle(std::string_view output);

}  // namespace coditect::native
