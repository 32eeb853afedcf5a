// HEAD files of work trees.
#pragma once

#include <string>
#include <string_view>

namespace coditect::git {

/// What the HEAD file at `path` holds: a ref name ("refs/heads/main", also where HEAD is a symbolic
/// link, the old form) or a commit id; "" when it is absent or holds anything else.
std::string ReadHead(const std::string& path, std::string_view object_format);

}  // namespace coditect::git
