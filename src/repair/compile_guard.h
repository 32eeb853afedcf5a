// What a patch that mends a build may not do: make code go away.
#pragma once

#include <string>

namespace coditect::repair {

/// Why `after` is no honest repair of the file `before`, as a sentence that goes on behind the
/// file's name; "" when it is one. A repair may rename, qualify, insert, and leave an argument out
/// of a call; it removes no call, statement, block, text or include, keeps every line of the
/// preprocessor, and turns no code into comment. One of two same declarations may go.
std::string RemovedBy(const std::string& before, const std::string& after);

}  // namespace coditect::repair
