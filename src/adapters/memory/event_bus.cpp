// Telemetry in memory.
#include "src/adapters/memory/event_bus.h"

#include <utility>

namespace coditect::memory {

void MemoryEventBus::Publish(BusEvent event) {
  MutexLock lock(mutex_);
  event.producer = producer_;
  event.sequence = events_.size() + 1;
  event.wall_ms = clock_.WallMs();
  events_.push_back(std::move(event));
}

StatusOr<std::vector<BusEvent>> MemoryEventBus::Read(const Context&, const MissionId& mission_id) {
  MutexLock lock(mutex_);
  std::vector<BusEvent> out;
  for (const BusEvent& event : events_) {
    if (mission_id.empty() || event.mission_id == mission_id) out.push_back(event);
  }
  return out;
}

}  // namespace coditect::memory
