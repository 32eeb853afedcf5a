// Telemetry's seam: what agents think and do, metrics and errors, in hash-chained blocks.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "src/base/context.h"
#include "src/domain/ids.h"

namespace coditect {

inline constexpr std::string_view kTopicThink = "agent.think";
inline constexpr std::string_view kTopicAct = "agent.act";
inline constexpr std::string_view kTopicError = "system.error";
inline constexpr std::string_view kTopicMetric = "system.metric";
inline constexpr std::string_view kTopicDecision = "system.decision";

/// One telemetry record. (producer, sequence) is its identity; the bus sets both and the time.
struct BusEvent {
  std::string topic;
  std::string event_type;  // "LIFECYCLE", "RUN_TESTS", …
  MissionId mission_id;
  std::string task;   // "t-3", "" = none
  std::string epoch;  // "3-1742", "" = none
  AgentId agent_id;
  std::string trace_id;
  uint64_t duration_ms = 0;
  std::map<std::string, std::string> details;
  std::string producer;
  uint64_t sequence = 0;
  int64_t wall_ms = 0;

  bool operator==(const BusEvent&) const = default;
  template <class Self, class Visitor>
  static void Fields(Self& self, Visitor&& visit) {
    visit(1, "topic", self.topic);
    visit(2, "event_type", self.event_type);
    visit(3, "mission_id", self.mission_id);
    visit(4, "task", self.task);
    visit(5, "epoch", self.epoch);
    visit(6, "agent_id", self.agent_id);
    visit(7, "trace_id", self.trace_id);
    visit(8, "duration_ms", self.duration_ms);
    visit(9, "details", self.details);
    visit(10, "producer", self.producer);
    visit(11, "sequence", self.sequence);
    visit(12, "wall_ms", self.wall_ms);
  }
};

/// Thread-safe.
class EventBus {
 public:
  virtual ~EventBus() = default;

  /// Queues the event; never blocks. When the queue is full agent.think and system.metric are shed
  /// and the gap is recorded as one event with its count; the other topics wait for nothing either:
  /// their queue is large enough for every lease a host may hold.
  virtual void Publish(BusEvent event) = 0;

  /// Everything published before is stored when it returns.
  virtual Status Flush(const Context& ctx) = 0;

  /// Deletes what is stored of these missions, from the disk too; how many blocks.
  virtual StatusOr<uint64_t> Forget(const Context& ctx, const std::vector<MissionId>& missions) = 0;

  /// Stored events of one mission ("" = all), in order of (wall time, producer, sequence).
  virtual StatusOr<std::vector<BusEvent>> Read(const Context& ctx, const MissionId& mission_id) = 0;
};

}  // namespace coditect
