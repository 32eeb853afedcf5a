// Telemetry in one SQLite file.
#include "src/adapters/sqlite/event_bus.h"

#include <pthread.h>

#include <algorithm>
#include <deque>
#include <thread>
#include <utility>

#include "src/adapters/sqlite/database.h"
#include "src/base/mutex.h"
#include "src/base/sha256.h"
#include "src/wire/codec.h"

extern "C" const char coditect_schema_telemetry[];
extern "C" const unsigned coditect_schema_telemetry_size;

namespace coditect::sqlite {
namespace {

constexpr uint32_t kTelemetryApplicationId = 0x434F4454;  // "CODT"
constexpr size_t kQueueMax = 65'536;
constexpr size_t kBlockEventsMax = 256;
constexpr std::chrono::milliseconds kBlockWait{2};

/// A block's body: what its hash covers.
struct TelemetryBatch {
  std::vector<BusEvent> events;

  template <class Self, class Visitor>
  static void Fields(Self& self, Visitor&& visit) {
    visit(1, "events", self.events);
  }
};

bool MayBeShed(const BusEvent& event) {
  return event.topic == kTopicThink || event.topic == kTopicMetric;
}

class TelemetryFile final : public EventBus {
 public:
  TelemetryFile(const EventBusOptions& options, std::unique_ptr<Database> database,
                const Clock& clock)
      : options_(options), clock_(clock), database_(std::move(database)) {}

  void Start() {
    if (options_.read_only) return;
    writer_ = std::thread([this] {
      ::pthread_setname_np(::pthread_self(), "telemetry");
      Loop();
    });
  }

  ~TelemetryFile() override {
    {
      MutexLock lock(mutex_);
      stopping_ = true;
      wake_.NotifyAll();
    }
    if (writer_.joinable()) writer_.join();
  }

  void Publish(BusEvent event) override {
    MutexLock lock(mutex_);
    if (queue_.size() >= kQueueMax && MayBeShed(event)) {
      ++shed_;
      return;
    }
    if (shed_ > 0 && queue_.size() < kQueueMax) {
      BusEvent gap;
      gap.topic = kTopicMetric;
      gap.event_type = "TELEMETRY_SHED";
      gap.details["count"] = std::to_string(std::exchange(shed_, 0));
      Enqueue(std::move(gap));
    }
    Enqueue(std::move(event));
    if (queue_.size() == 1) wake_.NotifyAll();
  }

  Status Flush(const Context& ctx) override {
    MutexLock lock(mutex_);
    const uint64_t target = next_sequence_ - 1;
    flush_wanted_ = true;
    wake_.NotifyAll();
    while (stored_ < target && error_.ok()) {
      RETURN_IF_ERROR(ctx.Check());
      stored_changed_.WaitUntil(mutex_, std::min(ctx.deadline, clock_.Now() + kBlockWait * 50));
    }
    return error_;
  }

  StatusOr<uint64_t> Forget(const Context& ctx, const std::vector<MissionId>& missions) override {
    RETURN_IF_ERROR(Flush(ctx));
    MutexLock lock(database_mutex_);
    ASSIGN_OR_RETURN(Statement erase,
                     database_->Prepare("DELETE FROM telemetry_block WHERE mission_id=?"));
    ASSIGN_OR_RETURN(const int64_t before, database_->QueryInt("SELECT total_changes()"));
    RETURN_IF_ERROR(database_->Execute("BEGIN IMMEDIATE"));
    Status status;
    for (const MissionId& mission : missions) {
      erase.BindText(1, mission);
      if (status.ok()) status = erase.Step().status();
      erase.Reset();
    }
    const Status ended = database_->Execute(status.ok() ? "COMMIT" : "ROLLBACK");
    RETURN_IF_ERROR(status);
    RETURN_IF_ERROR(ended);
    ASSIGN_OR_RETURN(const int64_t after, database_->QueryInt("SELECT total_changes()"));
    RETURN_IF_ERROR(database_->Shrink().status());
    return static_cast<uint64_t>(after - before);
  }

  StatusOr<std::vector<BusEvent>> Read(const Context& ctx, const MissionId& mission_id) override {
    if (!options_.read_only) RETURN_IF_ERROR(Flush(ctx));
    MutexLock lock(database_mutex_);
    ASSIGN_OR_RETURN(Statement select,
                     database_->Prepare("SELECT body FROM telemetry_block WHERE ?1='' OR "
                                        "mission_id=?1 ORDER BY id"));
    select.BindText(1, mission_id);
    std::vector<BusEvent> events;
    for (;;) {
      ASSIGN_OR_RETURN(const bool row, select.Step());
      if (!row) break;
      ASSIGN_OR_RETURN(auto batch, wire::Decode<TelemetryBatch>(select.Blob(0), "telemetry block"));
      std::move(batch.events.begin(), batch.events.end(), std::back_inserter(events));
    }
    std::stable_sort(events.begin(), events.end(), [](const BusEvent& a, const BusEvent& b) {
      return std::tie(a.wall_ms, a.producer, a.sequence) <
             std::tie(b.wall_ms, b.producer, b.sequence);
    });
    return events;
  }

 private:
  void Enqueue(BusEvent event) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    event.producer = options_.producer;
    event.sequence = next_sequence_++;
    event.wall_ms = clock_.WallMs();
    queue_.push_back(std::move(event));
  }

  void Loop() {
    for (;;) {
      std::vector<BusEvent> events;
      {
        MutexLock lock(mutex_);
        while (queue_.empty() && !stopping_) wake_.Wait(mutex_);
        if (queue_.empty() && stopping_) return;
        const MonotonicTime full = clock_.Now() + kBlockWait;
        while (queue_.size() < kBlockEventsMax && !stopping_ && !flush_wanted_ &&
               clock_.Now() < full) {
          wake_.WaitUntil(mutex_, full);
        }
        flush_wanted_ = false;
        const size_t count = std::min(queue_.size(), kBlockEventsMax);
        std::move(queue_.begin(), queue_.begin() + static_cast<ptrdiff_t>(count),
                  std::back_inserter(events));
        queue_.erase(queue_.begin(), queue_.begin() + static_cast<ptrdiff_t>(count));
      }
      const uint64_t last = events.back().sequence;
      const Status status = Store(std::move(events));
      MutexLock lock(mutex_);
      if (!status.ok()) error_ = status;
      stored_ = last;
      stored_changed_.NotifyAll();
    }
  }

  // One block per run that occurs, all in one transaction.
  Status Store(std::vector<BusEvent> events) {
    std::map<MissionId, TelemetryBatch> batches;
    for (BusEvent& event : events) {
      batches[event.mission_id].events.push_back(std::move(event));
    }
    MutexLock lock(database_mutex_);
    RETURN_IF_ERROR(database_->Execute("BEGIN IMMEDIATE"));
    const Status status = Insert(batches);
    const Status ended = database_->Execute(status.ok() ? "COMMIT" : "ROLLBACK");
    return status.ok() ? ended : status;
  }

  Status Insert(const std::map<MissionId, TelemetryBatch>& batches)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(database_mutex_) {
    ASSIGN_OR_RETURN(Statement insert,
                     database_->Prepare("INSERT INTO telemetry_block VALUES (NULL,?,?,?,?,?,?)"));
    for (const auto& [mission_id, batch] : batches) {
      const std::string body = wire::Encode(batch);
      insert.BindText(1, mission_id).BindText(2, options_.producer);
      insert.Bind(3, static_cast<int64_t>(batch.events.front().sequence));
      insert.Bind(4, static_cast<int64_t>(batch.events.back().sequence));
      insert.BindBlob(5, hash_).BindBlob(6, body);
      RETURN_IF_ERROR(insert.Step().status());
      insert.Reset();
      hash_ = Sha256(hash_ + body);
    }
    return absl::OkStatus();
  }

  const EventBusOptions options_;
  const Clock& clock_;
  Mutex database_mutex_;
  const std::unique_ptr<Database> database_;
  std::string hash_ ABSL_GUARDED_BY(database_mutex_);

  Mutex mutex_;
  CondVar wake_;
  CondVar stored_changed_;
  std::deque<BusEvent> queue_ ABSL_GUARDED_BY(mutex_);
  uint64_t next_sequence_ ABSL_GUARDED_BY(mutex_) = 1;
  uint64_t stored_ ABSL_GUARDED_BY(mutex_) = 0;
  uint64_t shed_ ABSL_GUARDED_BY(mutex_) = 0;
  Status error_ ABSL_GUARDED_BY(mutex_);
  bool flush_wanted_ ABSL_GUARDED_BY(mutex_) = false;
  bool stopping_ ABSL_GUARDED_BY(mutex_) = false;
  std::thread writer_;
};

}  // namespace

StatusOr<std::unique_ptr<EventBus>> OpenEventBus(const EventBusOptions& options,
                                                 const Clock& clock) {
  ASSIGN_OR_RETURN(
      auto database,
      Database::Open({.path = options.path,
                      .read_only = options.read_only,
                      .schema = {coditect_schema_telemetry, coditect_schema_telemetry_size},
                      .application_id = kTelemetryApplicationId}));
  auto bus = std::make_unique<TelemetryFile>(options, std::move(database), clock);
  bus->Start();
  return bus;
}

}  // namespace coditect::sqlite
