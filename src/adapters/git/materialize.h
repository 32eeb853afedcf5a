// Writing a tree's files into a folder, byte for byte.
#pragma once

#include <string>

#include "src/adapters/git/git_dir.h"
#include "src/base/context.h"
#include "src/base/status.h"

namespace coditect::git {

/// Writes the files of tree or commit `id` into the empty folder `folder`: folders 0755, files 0644
/// or 0755, symbolic links as such. A submodule's folder gets the files of its recorded commit,
/// nested ones too, when the local object store has them, else it stays empty; a pointer of git-lfs
/// becomes its object when that is here, else it stays (resolve.h tells what is missing). A file
/// gets the modification time of its namesake below `person_folder` when their bytes are equal (so
/// that a build folder made there stays current; research/workspace.md section 5), else now.
/// Nothing is synced. Errors as ReadTree and StreamBlobs; FAILED_PRECONDITION when the folder is
/// not empty. After an error what was written stays: the caller removes the folder.
Status Materialize(const Context& ctx, const GitDir& git, const std::string& id,
                   const std::string& folder, const std::string& person_folder);

}  // namespace coditect::git
