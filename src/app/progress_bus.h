// A decorator of EventBus that remembers what each agent said last, for the progress display.
#pragma once

#include <map>
#include <memory>
#include <string>

#include "src/base/mutex.h"
#include "src/ports/event_bus.h"

namespace coditect {

/// Thread-safe.
class ProgressBus final : public EventBus {
 public:
  explicit ProgressBus(std::unique_ptr<EventBus> inner) : inner_(std::move(inner)) {}

  void Publish(BusEvent event) override;
  Status Flush(const Context& ctx) override { return inner_->Flush(ctx); }
  StatusOr<std::vector<BusEvent>> Read(const Context& ctx, const MissionId& mission_id) override {
    return inner_->Read(ctx, mission_id);
  }

  StatusOr<uint64_t> Forget(const Context& ctx, const std::vector<MissionId>& missions) override {
    return inner_->Forget(ctx, missions);
  }

  /// By task ("t-4"): the details of its newest PROGRESS event.
  std::map<std::string, std::map<std::string, std::string>> Latest(
      const MissionId& mission_id) const;

 private:
  const std::unique_ptr<EventBus> inner_;
  mutable Mutex mutex_;
  std::map<MissionId, std::map<std::string, std::map<std::string, std::string>>> latest_
      ABSL_GUARDED_BY(mutex_);
};

}  // namespace coditect
