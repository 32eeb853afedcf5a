// What a person is shown before their word is asked for, and the question itself.
#pragma once

#include <functional>
#include <string>

#include "src/app/paths.h"
#include "src/domain/state.h"
#include "src/domain/test_integrity.h"
#include "src/ports/object_store.h"

namespace coditect {

/// The findings of a review, none when the blob is gone.
std::vector<Finding> ReadReview(const Context& ctx, ObjectStore& blobs, const BlobId& review);

/// "2 files, 14 new lines"; for a plan "5 tasks". "" when the repository cannot be looked at.
std::string ApprovalStat(const Context& ctx, const StatePaths& paths, const MissionState& mission,
                         const ApprovalState& approval);

/// Everything the approval is about: why it was asked for, the findings, the plan or the diff.
std::string ApprovalText(const Context& ctx, const StatePaths& paths, const MissionState& mission,
                         const ApprovalState& approval);

enum class Said { kYes, kNo, kNothing };

/// Asks on stderr and reads a line of stdin until it is y or n. kNothing: the input ended, or
/// `go_on`, which is called several times a second, said so.
Said AskPerson(const std::string& question, const std::function<bool()>& go_on);

}  // namespace coditect
