// Port Delivery over the git program: the base branch moves forward, and commits become patches.
#pragma once

#include <memory>

#include "src/adapters/git/repository.h"
#include "src/base/context.h"
#include "src/base/status.h"
#include "src/ports/delivery.h"

namespace coditect::git {

/// Opens it on the repository a client resolved. Errors as OpenRepository.
StatusOr<std::unique_ptr<Delivery>> OpenDelivery(const Context& ctx,
                                                 const RepositoryOptions& options);

}  // namespace coditect::git
