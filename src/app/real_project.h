// `demo --real NAME`: an open-source project at a pinned version, with one bug that its tests
// notice.
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "src/app/bootstrap.h"

namespace coditect {

struct RealProject {
  std::string_view name;
  std::string_view what;     // "Python, from the package registry by pip"
  std::string_view version;  // as the client that fetches it knows it
  std::string_view archive;  // the file's name
  std::string_view sha256;
  std::string_view sources;  // bugs are drawn in files that begin with this
  bool python = true;
};

std::span<const RealProject> RealProjects();

/// The project of that name; NOT_FOUND names all.
StatusOr<const RealProject*> FindRealProject(const std::string& name);

/// Where the bug is, and the line before and after it was put in.
struct DrawnBug {
  std::string file;
  size_t line = 0;  // from 1
  std::string original;
  std::string bug;
  std::string original_text;  // the whole file
};

/// Fetches the project by the ordinary client (pip, apt-get) into `folder`, checks its hash, puts a
/// bug at the first place, in an order drawn from `seed`, that its own tests notice, and makes a
/// repository of it. UNAVAILABLE in one sentence when it cannot be fetched, DATA_LOSS for another
/// hash, FAILED_PRECONDITION when its tests cannot be run here or notice none of the places tried.
StatusOr<DrawnBug> MakeRealRepository(const Context& ctx, const StatePaths& paths,
                                      const RealProject& project, uint64_t seed,
                                      const std::string& folder);

}  // namespace coditect
