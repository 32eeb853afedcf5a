// Telemetry in memory.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "src/base/mutex.h"
#include "src/ports/event_bus.h"

namespace coditect::memory {

class MemoryEventBus final : public EventBus {
 public:
  MemoryEventBus(std::string producer, const Clock& clock)
      : producer_(std::move(producer)), clock_(clock) {}

  void Publish(BusEvent event) override;
  Status Flush(const Context&) override { return absl::OkStatus(); }
  StatusOr<uint64_t> Forget(const Context& ctx, const std::vector<MissionId>& missions) override;
  StatusOr<std::vector<BusEvent>> Read(const Context& ctx, const MissionId& mission_id) override;

 private:
  const std::string producer_;
  const Clock& clock_;
  Mutex mutex_;
  uint64_t last_sequence_ ABSL_GUARDED_BY(mutex_) = 0;
  std::vector<BusEvent> events_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace coditect::memory
