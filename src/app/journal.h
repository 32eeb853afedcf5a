// Ledger events and telemetry in one schema: what `coditect logs --json` prints (sdd 6.3).
#pragma once

#include <string>
#include <vector>

#include "src/domain/event.h"
#include "src/ports/event_bus.h"

namespace coditect {

/// One JSON object in one line with the keys timestamp, level, trace_id, span_id, agent_id,
/// event_type, duration_ms, line_count, and ours: topic, run, task, sequence, data.
/// `run` and `trace_id`: of the run the line is printed for; events of the shard name none.
std::string JournalLine(const Event& event, const MissionId& run, const std::string& trace_id);
std::string JournalLine(const BusEvent& event);

/// The same for people: "12:34:56.789  t-3  coder-1  LEASE_GRANTED  …".
std::string JournalText(const Event& event);
std::string JournalText(const BusEvent& event);

/// 16 hexadecimal digits of the operation: one span per lease, one per mission for the rest.
std::string SpanId(const MissionId& mission_id, const std::string& task, const std::string& epoch);

/// "2026-11-23T12:34:56.789Z".
std::string Timestamp(int64_t wall_ms);

}  // namespace coditect
