// What is kept of old runs, and for how long.
//
// Order of a sweep: the event that forgets a run, then its refs and telemetry; a snapshot without
// it; the event that truncates the log, then its blocks; last the blobs that nothing names. So
// whatever names a thing is gone, durably, before the thing is.
#include "src/app/retention.h"

#include <algorithm>
#include <map>
#include <set>
#include <utility>

#include "src/app/bootstrap.h"
#include "src/app/ledger_tail.h"
#include "src/task_queue/history.h"
#include "src/task_queue/snapshot.h"
#include "src/wire/codec.h"

namespace coditect {
namespace {

constexpr std::chrono::milliseconds kSweepWaitMax{60'000};
constexpr std::chrono::milliseconds kSweepPoll{20};

/// Notes whatever looks like a blob's name in a value.
class BlobNames {
 public:
  explicit BlobNames(std::set<BlobId>& names) : names_(names) {}

  template <typename T>
  void operator()(uint32_t, const char*, const T& value) {
    See(value);
  }

  template <typename T>
  void See(const T& value) {
    if constexpr (wire::HasFields<T>) T::Fields(value, *this);
  }
  template <typename T>
  void See(const std::vector<T>& values) {
    for (const T& value : values) See(value);
  }
  template <typename T>
  void See(const std::optional<T>& value) {
    if (value.has_value()) See(*value);
  }
  void See(const std::map<std::string, std::string>& values) {
    for (const auto& [key, value] : values) See(value);
  }
  void See(const std::string& text) {
    constexpr size_t kDigits = 64;
    size_t run = 0;
    for (size_t i = 0; i < text.size(); ++i) {
      const bool digit = (text[i] >= '0' && text[i] <= '9') || (text[i] >= 'a' && text[i] <= 'f');
      run = digit ? run + 1 : 0;
      if (run >= kDigits) names_.insert(text.substr(i + 1 - kDigits, kDigits));
    }
  }

 private:
  std::set<BlobId>& names_;
};

class Sweep {
 public:
  Sweep(const Context& ctx, const StatePaths& paths, MissionService* service,
        const RetentionOptions& options, std::unique_ptr<LedgerTail> tail)
      : ctx_(ctx), paths_(paths), service_(service), options_(options), tail_(std::move(tail)) {}

  StatusOr<RetentionReport> Run() {
    RETURN_IF_ERROR(tail_->Advance(ctx_));
    RETURN_IF_ERROR(ForgetRuns());
    RETURN_IF_ERROR(DropRefs());
    RETURN_IF_ERROR(ForgetTelemetry());
    RETURN_IF_ERROR(ShortenLog());
    RETURN_IF_ERROR(DropBlobs());
    return std::move(report_);
  }

 private:
  const ShardState& state() const { return tail_->state(); }
  int64_t Before() const { return options_.now_ms - options_.older_than_ms; }

  bool IsDue(const MissionState& mission) const {
    if (mission.running() || mission.ended_wall_ms > Before()) return false;
    if (service_ != nullptr || options_.owned || mission.clients.empty()) return IsOver(mission);
    MissionState left_alone = mission;  // the next owner will note that they are gone
    left_alone.clients.clear();
    return IsOver(left_alone);
  }

  Status ForgetRuns() {
    std::vector<std::pair<MissionId, int64_t>> due;
    for (const auto& [id, mission] : state().missions) {
      if (IsDue(mission)) due.emplace_back(id, mission.ended_wall_ms);
    }
    for (const auto& [id, ended] : due) {
      if (service_ != nullptr) {
        const Status status = service_->Record(id, MissionForgotten{.ended_wall_ms = ended});
        if (absl::IsFailedPrecondition(status)) continue;  // it goes on, or somebody follows it
        RETURN_IF_ERROR(status);
      }
      report_.forgotten.push_back(id);
    }
    RETURN_IF_ERROR(tail_->Advance(ctx_));
    report_.runs_kept = state().missions.size();
    if (service_ == nullptr) report_.runs_kept -= report_.forgotten.size();
    return absl::OkStatus();
  }

  /// The runs whose refs have no claim any more, by repository: also those of a sweep before this
  /// one that was cut short.
  std::map<std::string, std::vector<ForgottenMission>> ForgottenByRepository() const {
    std::map<std::string, std::vector<ForgottenMission>> by;
    for (const auto& [id, forgotten] : state().forgotten) {
      by[forgotten.common_dir].push_back(forgotten);
    }
    if (service_ != nullptr) return by;
    for (const MissionId& id : report_.forgotten) {
      const MissionState& mission = *state().Find(id);
      const RepositoryRef& repository = mission.request.repository;
      by[repository.common_dir].push_back({.id = id,
                                           .request_id = mission.request.request_id,
                                           .git_dir = repository.git_dir,
                                           .common_dir = repository.common_dir,
                                           .object_format = repository.object_format,
                                           .branch_commit = mission.branch_commit});
    }
    return by;
  }

  Status DropRefs() {
    for (const auto& [folder, runs] : ForgottenByRepository()) {
      RETURN_IF_ERROR(ctx_.Check());
      auto dropped = DropRunRefs(ctx_, paths_, runs, options_.dry_run);
      if (absl::IsNotFound(dropped.status())) continue;  // and its refs with it
      if (!dropped.ok()) {
        report_.unreachable.push_back(Message(dropped.status()));
        continue;
      }
      report_.refs_dropped += dropped->size();
      for (RunRef& ref : *dropped) {
        if (!ref.delivered) report_.undelivered.push_back(std::move(ref));
      }
    }
    return absl::OkStatus();
  }

  Status ForgetTelemetry() {
    if (service_ == nullptr) return absl::OkStatus();
    std::vector<MissionId> runs;
    for (const auto& [id, forgotten] : state().forgotten) runs.push_back(id);
    if (runs.empty()) return absl::OkStatus();
    const SystemClock clock;
    ASSIGN_OR_RETURN(const auto bus, OpenTelemetry(paths_, "gc", /*read_only=*/false, clock));
    ASSIGN_OR_RETURN(report_.telemetry_blocks, bus->Forget(ctx_, runs));
    return absl::OkStatus();
  }

  /// A snapshot of now; then the log begins behind the one before it.
  Status ShortenLog() {
    if (service_ != nullptr) {
      auto taken = TakeSnapshot(ctx_, tail_->log(), 0, tail_->blobs());
      if (!taken.ok() && !absl::IsAborted(taken.status())) return taken.status();
      // Too late: the owner has just taken one itself.
      const Status status = taken.ok() ? service_->Record("", *taken) : absl::OkStatus();
      if (!status.ok() && !absl::IsFailedPrecondition(status)) return status;
      RETURN_IF_ERROR(tail_->Advance(ctx_));
    }
    const LogTruncated& now = state().truncated;
    if (state().snapshots.size() < kSnapshotsKept) return absl::OkStatus();
    ArchivePlan plan{.before = state().snapshots.front().sequence + 1,
                     .keep_wall_ms = Before(),
                     .keep_sequence = OldestEventKept()};
    if (service_ == nullptr) {
      report_.events_moved = plan.before - std::max<uint64_t>(now.before, 1);
      return absl::OkStatus();
    }
    ASSIGN_OR_RETURN(LogTruncated next,
                     ArchiveLog(ctx_, tail_->log(), 0, tail_->blobs(), now, plan));
    if (next.before == now.before && next.archive == now.archive) return absl::OkStatus();
    report_.events_moved = next.before - std::max<uint64_t>(now.before, 1);
    report_.events_dropped = next.kept_from - std::max<uint64_t>(now.kept_from, 1);
    RETURN_IF_ERROR(service_->Record("", next));
    RETURN_IF_ERROR(tail_->Advance(ctx_));
    return WaitForSweep(next.before);
  }

  /// The first event of the runs that are kept: what they did stays readable.
  uint64_t OldestEventKept() const {
    uint64_t oldest = UINT64_MAX;
    for (const auto& [id, mission] : state().missions) {
      oldest = std::min(oldest, mission.accepted_sequence - 1);  // its request is in front of it
    }
    return oldest;
  }

  /// The owner deletes the blocks bit by bit; the next start goes on with what is left.
  Status WaitForSweep(uint64_t before) {
    const auto end = std::chrono::steady_clock::now() + kSweepWaitMax;
    uint64_t sequence = state().sequence;
    while (std::chrono::steady_clock::now() < end) {
      RETURN_IF_ERROR(ctx_.Check());
      ASSIGN_OR_RETURN(const auto first, tail_->log().Read(ctx_, 0, 0, 1));
      if (!first.empty() && first.front().first_sequence >= before) return absl::OkStatus();
      RETURN_IF_ERROR(service_->WaitForNews(sequence, kSweepPoll));
    }
    return absl::OkStatus();
  }

  Status DropBlobs() {
    std::set<BlobId> named;
    RETURN_IF_ERROR(MarkState(named));
    RETURN_IF_ERROR(MarkLedger(named));
    int64_t put_before = options_.now_ms - kBlobGraceMs;
    for (const MissionId& id : state().running) {
      put_before = std::min(put_before, state().Find(id)->requested_wall_ms);
    }
    ASSIGN_OR_RETURN(const auto blobs, tail_->blobs().List(ctx_));
    for (const BlobInfo& blob : blobs) {
      RETURN_IF_ERROR(ctx_.Check());
      if (named.contains(blob.id) || blob.put_wall_ms >= put_before) continue;
      if (!options_.dry_run) {
        ASSIGN_OR_RETURN(const bool deleted, tail_->blobs().Delete(ctx_, blob.id, put_before));
        if (!deleted) continue;
      }
      ++report_.blobs_deleted;
      report_.bytes_freed += blob.stored_bytes;
    }
    return absl::OkStatus();
  }

  Status MarkState(std::set<BlobId>& named) {
    BlobNames names(named);
    std::set<MissionId> gone(report_.forgotten.begin(), report_.forgotten.end());
    for (const auto& [id, mission] : state().missions) {
      if (!gone.contains(id)) names.See(mission);
    }
    for (const auto& [id, request] : state().requested) names.See(request);
    // What an earlier attempt of a kept run made is named by its events alone.
    return tail_->History(ctx_, [&](const Event& event) {
      if (event.mission_id.empty() || gone.contains(event.mission_id) ||
          state().Find(event.mission_id) == nullptr) {
        return;
      }
      std::visit([&](const auto& body) { names.See(body); }, event.body);
    });
  }

  Status MarkLedger(std::set<BlobId>& named) {
    for (const SnapshotTaken& taken : state().snapshots) {
      named.insert(taken.snapshot);
      const auto bytes = tail_->blobs().Get(ctx_, taken.snapshot);
      if (!bytes.ok()) continue;  // damaged: nothing of it is of use
      const auto summary = wire::Decode<StateSnapshot>(*bytes, "snapshot");
      if (summary.ok()) named.insert(summary->chunks.begin(), summary->chunks.end());
    }
    const LogTruncated& truncated = state().truncated;
    ASSIGN_OR_RETURN(const ArchiveIndex index, LoadArchive(ctx_, tail_->blobs(), truncated));
    named.insert(truncated.archive);
    for (const ArchiveSegment& segment : index.segments) named.insert(segment.blob);
    return absl::OkStatus();
  }

  const Context& ctx_;
  const StatePaths& paths_;
  MissionService* const service_;
  const RetentionOptions options_;
  const std::unique_ptr<LedgerTail> tail_;
  RetentionReport report_;
};

}  // namespace

StatusOr<RetentionReport> CollectGarbage(const Context& ctx, const StatePaths& paths,
                                         MissionService* service, const RetentionOptions& options) {
  ASSIGN_OR_RETURN(auto tail, OpenLedgerTail(paths));
  return Sweep(ctx, paths, service, options, std::move(tail)).Run();
}

}  // namespace coditect
