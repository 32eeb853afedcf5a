// Telemetry in one SQLite file, written in hash-chained blocks by a thread of its own.
#pragma once

#include <memory>
#include <string>

#include "src/ports/event_bus.h"

namespace coditect::sqlite {

struct EventBusOptions {
  std::string path;
  std::string producer;  // unique per process
  bool read_only = false;
};

/// `clock` outlives the bus. Destruction writes what is queued.
StatusOr<std::unique_ptr<EventBus>> OpenEventBus(const EventBusOptions& options,
                                                 const Clock& clock);

}  // namespace coditect::sqlite
