// Looks for a failing test of a patch by parts of the suite, beside the whole run that counts.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "src/agent/test_run.h"
#include "src/base/executor.h"

namespace coditect {

/// The whole suite is run as ever, and only a whole run is evidence. Beside it, parts of the suite
/// run in workspaces of their own: when one of them finds a test that fails with the patch and
/// passes without it, each time alone, the whole run is given up. Parts alone could fail for a
/// reason of their own (a test that needs an earlier one), so a failure there counts only then.
/// A patch that passes pays with processors that were free, one that fails is refused sooner.
class SuiteRace {
 public:
  struct Options {
    const Baseline& baseline;
    const std::vector<FileChange>& changes;
    const std::vector<std::string>& expected;
    size_t shards = 2;
  };

  /// What is named outlives it.
  SuiteRace(const Lease& lease, const Options& options);

  /// The whole run in `tree`. CANCELLED when a test failed first: `failed()` names it.
  StatusOr<ClaimRun> Run(const TreeId& tree, Usage* usage);

  std::string failed() {
    MutexLock lock(mutex_);
    return failed_;
  }

 private:
  void RunShard(const std::vector<std::string>& ids);
  /// The first of `ids` that does not pass, "" when all do.
  StatusOr<std::string> FirstFailure(const std::vector<std::string>& ids, bool patched);
  void Refuse(const std::string& id);

  const Lease& lease_;
  const Options options_;
  Lease raced_;  // ends with the lease, or when a shard has found a failure
  Mutex mutex_;
  std::string failed_ ABSL_GUARDED_BY(mutex_);
  Usage usage_ ABSL_GUARDED_BY(mutex_);
};

/// How many parts are worth running beside the next whole run: 0 unless one run of the suite takes
/// seconds, a patch of this search was refused by the suite before, and processors are free.
size_t ShardsWorthwhile(const Lease& lease, const Baseline& baseline, size_t refused);

}  // namespace coditect
