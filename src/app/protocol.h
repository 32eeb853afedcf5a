// What a client says to the owner and hears from it: length-prefixed protobuf on a local socket.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "src/base/status.h"
#include "src/domain/fact.h"
#include "src/domain/mission.h"

namespace coditect {

inline constexpr size_t kFrameBytesMax = 256 << 10;

/// One request. `verb`: "request", "attach", "detach", "stop", "emergency_stop", "resume",
/// "answer", "run_plan", "record" (one of the facts of TaskQueueService::Record).
struct ClientFrame {
  uint64_t tag = 0;  // of the answer
  std::string verb;
  std::string mission_id;
  std::string client_id;
  std::optional<MissionRequest> request;
  std::optional<ApprovalAnswered> answer;
  std::optional<SnapshotTaken> snapshot_taken;
  std::optional<LogTruncated> log_truncated;
  std::optional<MissionForgotten> mission_forgotten;
  std::optional<MergeTested> merge_tested;

  template <class Self, class Visitor>
  static void Fields(Self& self, Visitor&& visit) {
    visit(1, "tag", self.tag);
    visit(2, "verb", self.verb);
    visit(3, "mission_id", self.mission_id);
    visit(4, "client_id", self.client_id);
    visit(5, "request", self.request);
    visit(6, "answer", self.answer);
    visit(45, "snapshot_taken", self.snapshot_taken);
    visit(46, "log_truncated", self.log_truncated);
    visit(47, "mission_forgotten", self.mission_forgotten);
    visit(17, "merge_tested", self.merge_tested);
  }
};

/// An answer (its request's tag) or news (tag 0): the ledger grew to `sequence`.
struct OwnerFrame {
  uint64_t tag = 0;
  uint32_t code = 0;  // absl::StatusCode
  std::string message;
  std::string mission_id;
  uint64_t sequence = 0;

  template <class Self, class Visitor>
  static void Fields(Self& self, Visitor&& visit) {
    visit(1, "tag", self.tag);
    visit(2, "code", self.code);
    visit(3, "message", self.message);
    visit(4, "mission_id", self.mission_id);
    visit(5, "sequence", self.sequence);
  }
};

/// `payload` with its length in front.
std::string Frame(std::string_view payload);

/// Takes one whole frame off the front of `buffer`. False when there is none yet;
/// INVALID_ARGUMENT when the other side claims more than kFrameBytesMax.
StatusOr<bool> TakeFrame(std::string& buffer, std::string* payload);

}  // namespace coditect
