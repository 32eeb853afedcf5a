// What each agent said last.
#include "src/app/progress_bus.h"

namespace coditect {

void ProgressBus::Publish(BusEvent event) {
  if (event.event_type == "PROGRESS") {
    MutexLock lock(mutex_);
    latest_[event.mission_id][event.task] = event.details;
  }
  inner_->Publish(std::move(event));
}

std::map<std::string, std::map<std::string, std::string>> ProgressBus::Latest(
    const MissionId& mission_id) const {
  MutexLock lock(mutex_);
  const auto found = latest_.find(mission_id);
  if (found == latest_.end()) return {};
  return found->second;
}

}  // namespace coditect
