// Names of things: missions, tasks, leases, agents, blobs.
#pragma once

#include <compare>
#include <cstdint>
#include <string>
#include <string_view>

#include "src/base/strings.h"

namespace coditect {

using MissionId = std::string;  // "r-7f3a9c"; the CLI calls a mission a run
using HostId = std::string;     // 32 hexadecimal digits, new for every process
using AgentId = std::string;    // "coder-2@1f0c33aa": role, slot, first digits of the host
using BlobId = std::string;     // SHA-256 of the content, 64 hexadecimal digits
using CommitId = std::string;   // git object id, 40 or 64 hexadecimal digits
using TreeId = std::string;     // the same

/// A task's place in its mission, counted from 1; "t-3" in text and on the wire. 0 = none.
struct TaskId {
  uint32_t ordinal = 0;

  explicit operator bool() const { return ordinal != 0; }
  auto operator<=>(const TaskId&) const = default;
  std::string ToString() const { return StrCat("t-", ordinal); }
  /// False when `text` is not a task id.
  static bool Parse(std::string_view text, TaskId* id) {
    long long value = 0;
    if (text.substr(0, 2) != "t-" || !ParseInt(text.substr(2), 1, UINT32_MAX, &value)) return false;
    id->ordinal = static_cast<uint32_t>(value);
    return true;
  }
};

/// Fencing token of a lease: the shard's incarnation and the sequence of the grant. A later grant
/// of the same task always compares greater. "3-1742" in refs.
struct Epoch {
  uint32_t incarnation = 0;
  uint64_t sequence = 0;

  auto operator<=>(const Epoch&) const = default;
  std::string ToString() const { return StrCat(incarnation, "-", sequence); }

  template <class Self, class Visitor>
  static void Fields(Self& self, Visitor&& visit) {
    visit(1, "incarnation", self.incarnation);
    visit(2, "sequence", self.sequence);
  }
};

}  // namespace coditect
