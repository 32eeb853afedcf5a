// Blobs as compressed files named by their content's SHA-256.
#pragma once

#include <memory>
#include <string>

#include "src/ports/object_store.h"

namespace coditect::localfs {

/// `folder` is made when it is missing.
StatusOr<std::unique_ptr<ObjectStore>> OpenObjectStore(const std::string& folder);

}  // namespace coditect::localfs
