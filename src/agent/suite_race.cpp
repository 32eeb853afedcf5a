// The whole suite against its parts.
#include "src/agent/suite_race.h"

#include <algorithm>

#include "src/domain/evidence.h"
#include "src/domain/shards.h"
#include "src/domain/unstable_ids.h"

namespace coditect {
namespace {

constexpr uint64_t kSuiteMsMin = 3000;  // shorter suites are over before their parts have started
constexpr size_t kShardsMax = 4;
constexpr size_t kTestsPerShardMin = 2;

}  // namespace

size_t ShardsWorthwhile(const Lease& lease, const Baseline& baseline, size_t refused) {
  if (refused == 0 || baseline.suite_ms < kSuiteMsMin) return 0;
  if (baseline.harness.runner == "command") return 0;  // one test
  const size_t shards = std::min({static_cast<size_t>(lease.IntParameter("free_slots")), kShardsMax,
                                  baseline.passed.size() / kTestsPerShardMin});
  return shards < 2 ? 0 : shards;
}

SuiteRace::SuiteRace(const Lease& lease, const Options& options)
    : lease_(lease), options_(options), raced_(lease) {
  raced_.ctx.cancel = CancelToken();
}

StatusOr<ClaimRun> SuiteRace::Run(const TreeId& tree, Usage* usage) {
  const CancelToken cancel = raced_.ctx.cancel;
  const auto ends = lease_.ctx.cancel.OnCancel([cancel] { cancel.Cancel(); });
  const auto shards = BalanceShards(options_.baseline.cases, options_.expected, options_.shards);
  const MonotonicTime start = lease_.services.clock.Now();
  StatusOr<ClaimRun> run = Cancelled("not run");
  {
    Executor parts(
        {.name = "shards", .threads = static_cast<int>(shards.size()), .queue_max = shards.size()});
    for (const auto& ids : shards) {
      RETURN_IF_ERROR(parts.Post([this, &ids] { RunShard(ids); }));
    }
    run = RunClaim(raced_, options_.baseline, tree, options_.changes, options_.expected,
                   WorkspaceUse::kSearch, lease_.IntParameter("seed"), usage);
    cancel.Cancel();  // whatever the parts still do, the whole run is over
  }
  MutexLock lock(mutex_);
  *usage += usage_;
  if (run.ok()) failed_.clear();  // the whole run was faster, and it decides
  if (!run.ok() && !failed_.empty()) {
    usage->runner_starts += 1;
    usage->wall_ms += static_cast<uint64_t>(
        std::chrono::duration_cast<std::chrono::milliseconds>(lease_.services.clock.Now() - start)
            .count());
  }
  return run;
}

void SuiteRace::RunShard(const std::vector<std::string>& ids) {
  const auto suspect = FirstFailure(ids, /*patched=*/true);
  if (!suspect.ok() || suspect->empty()) return;
  const auto alone = FirstFailure({*suspect}, /*patched=*/true);
  if (!alone.ok() || alone->empty()) return;
  const auto before = FirstFailure({*suspect}, /*patched=*/false);
  if (!before.ok() || !before->empty()) return;
  Refuse(*suspect);
}

StatusOr<std::string> SuiteRace::FirstFailure(const std::vector<std::string>& ids, bool patched) {
  ASSIGN_OR_RETURN(const auto workspace, OpenWorkspace(raced_, WorkspaceUse::kSearch));
  if (patched) RETURN_IF_ERROR(workspace->Apply(options_.changes));
  TestRunRequest request;
  request.plan = options_.baseline.harness;
  request.ids = ids;
  request.seed = lease_.IntParameter("seed");
  request.limits = SuiteLimits(lease_);
  request.stop_at_first_failure = true;
  ASSIGN_OR_RETURN(TestReport report, lease_.services.harness.Run(raced_.ctx, *workspace, request));
  {
    MutexLock lock(mutex_);
    CountRun(report, false, &usage_);
  }
  FoldUnstableIds(options_.baseline.unstable, &report);
  for (const TestCase& test : report.cases) {
    if (test.status != TestStatus::kFailed) continue;
    if (std::find(ids.begin(), ids.end(), test.id) != ids.end()) return test.id;
  }
  return std::string();
}

void SuiteRace::Refuse(const std::string& id) {
  {
    MutexLock lock(mutex_);
    if (raced_.ctx.cancel.cancelled()) return;
    failed_ = id;
  }
  raced_.ctx.cancel.Cancel();
}

}  // namespace coditect
