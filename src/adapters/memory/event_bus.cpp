// Telemetry in memory.
#include "src/adapters/memory/event_bus.h"

#include <algorithm>
#include <utility>

namespace coditect::memory {

void MemoryEventBus::Publish(BusEvent event) {
  MutexLock lock(mutex_);
  event.producer = producer_;
  event.sequence = ++last_sequence_;
  event.wall_ms = clock_.WallMs();
  events_.push_back(std::move(event));
}

StatusOr<uint64_t> MemoryEventBus::Forget(const Context&, const std::vector<MissionId>& missions) {
  MutexLock lock(mutex_);
  return std::erase_if(events_, [&](const BusEvent& event) {
    return std::find(missions.begin(), missions.end(), event.mission_id) != missions.end();
  });
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
