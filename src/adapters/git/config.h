// What coditect must know of the repository's own configuration, read as data.
#pragma once

#include <string>

#include "src/adapters/git/program.h"
#include "src/base/context.h"
#include "src/base/status.h"

namespace coditect::git {

struct RepositoryConfig {
  std::string shared;          // core.sharedRepository, "" = git's default
  bool partial_clone = false;  // some remote promises missing objects
  /// core.* settings by which git compares files with the index: "core.filemode=false", ...
  std::vector<std::string> index_settings;
};

/// Reads `common_dir`/config alone, without the files it includes. FAILED_PRECONDITION when the
/// repository uses an extension coditect does not know, DATA_LOSS when the file does not parse.
StatusOr<RepositoryConfig> ReadConfig(const Context& ctx, const GitProgram& program,
                                      const std::string& common_dir);

}  // namespace coditect::git
