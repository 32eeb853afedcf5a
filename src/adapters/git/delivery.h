// What becomes of a delivered branch: how it stands, taking it back, merging it at the person's
// word.
#pragma once

#include <string>

#include "src/adapters/git/resolve.h"
#include "src/base/context.h"
#include "src/base/status.h"
#include "src/domain/delivery.h"

namespace coditect::git {

struct DeliveryOptions {
  Delivered delivered;
  std::string state_folder;  // as RepositoryOptions
  std::string label;
  std::string new_objects;  // as RepositoryOptions
};

/// Compares the delivered commit (with or without a branch) with the branch that the run's base
/// was. Nothing is written to the repository. NOT_FOUND when it is gone; errors of reading it.
StatusOr<Standing> Look(const Context& ctx, const DeliveryOptions& options);

/// Forecasts, without writing to the repository, the merge of the delivered commit with each of
/// `others`. Left out are those that are gone, that one of the two contains the other of, or that
/// the base's branch contains: nothing is open between them.
StatusOr<std::vector<OtherResult>> LookAtOthers(const Context& ctx, const DeliveryOptions& options,
                                                std::vector<OtherResult> others);

/// Deletes the branch if it is where it was delivered; false: there is none. Its commits stay
/// pinned. FAILED_PRECONDITION, with the next step, when it was moved or a work tree uses it.
/// `dry_run`: everything but the deletion.
StatusOr<bool> Undo(const Context& ctx, const DeliveryOptions& options, bool dry_run);

/// Writes the tree that merging the delivered commit into the commit `onto` makes. ABORTED when the
/// two conflict.
StatusOr<TreeId> WriteMerge(const Context& ctx, const DeliveryOptions& options,
                            const CommitId& onto);

/// Brings the delivered commit into the branch that is checked out at `folder`, with work tree and
/// index, if what that makes is exactly the tested tree (I3) or one of `tested`; else says so
/// (kUntested). By the person's own git, so their filters run, without hooks. FAILED_PRECONDITION,
/// with the next step: another repository, changes that are not committed, an operation under way,
/// no branch, or git refuses. `dry_run`: everything but the merge. `environment`: the person's.
StatusOr<MergeOutcome> Merge(
    const Context& ctx, const DeliveryOptions& options, const std::string& folder,
    const std::vector<TreeId>& tested, bool dry_run,
    const std::map<std::string, std::string>& environment = PersonEnvironment());

}  // namespace coditect::git
