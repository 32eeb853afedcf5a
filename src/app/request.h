// From a command line to a mission request: repository, configuration, toolchain, limits.
#pragma once

#include <string>
#include <vector>

#include "src/app/bootstrap.h"
#include "src/app/commands/commands.h"
#include "src/app/config/config.h"
#include "src/app/owner.h"
#include "src/domain/delivery.h"
#include "src/domain/test_selection.h"

namespace coditect {

struct PreparedRun {
  MissionRequest request;
  OwnerOptions owner;
  std::vector<std::string> warnings;  // one line each, before anything else
  std::string base_line;              // "main at 1a2b3c4d5e6f (HEAD)"
};

/// The tests that `fix` is to mend, named on the command line or failing in a JUnit file. Nothing:
/// every failing one. INVALID_ARGUMENT for a file that is no JUnit XML, NOT_FOUND for none.
StatusOr<TestSelection> ReadSelection(const RunOptions& options);

/// The configuration as this command sees it.
StatusOr<Config> LoadCommandConfig(const GlobalOptions& global, const std::string& repository,
                                   std::vector<FlagValue> flags);

/// Owner settings that come from the configuration alone.
OwnerOptions MakeOwnerOptions(const Config& config,
                              const std::map<std::string, std::string>& environment);

/// Whether the run could deliver the way it is asked to, as things are. FAILED_PRECONDITION in one
/// sentence with the next step: the branch to be moved is none, or in use.
Status CheckDelivery(const Context& ctx, const StatePaths& paths, const DeliveryPlan& plan,
                     const RepositoryRef& repository);

/// Resolves everything the owner will need; the toolchain is stored as a blob. Errors are one
/// sentence with the next step.
StatusOr<PreparedRun> PrepareRun(const Context& ctx, const GlobalOptions& global,
                                 const RunOptions& options, const StatePaths& paths,
                                 const TestSelection& selection = {});

}  // namespace coditect
