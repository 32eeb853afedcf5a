// Facts: the inputs the task queue accepted.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "src/domain/ids.h"
#include "src/domain/mission.h"
#include "src/domain/proposal.h"
#include "src/domain/result.h"
#include "src/domain/task.h"

namespace coditect {

/// Fact. An owner opened the shard; its incarnation is the number of these events.
struct ShardOpened {
  static constexpr uint32_t kNumber = 1;
  static constexpr std::string_view kName = "shard_opened";
  static constexpr bool kFact = true;
  uint32_t incarnation = 0;
  std::string build_id;
  std::string host_id;  // the process

  bool operator==(const ShardOpened&) const = default;
  template <class Self, class Visitor>
  static void Fields(Self& self, Visitor&& visit) {
    visit(1, "incarnation", self.incarnation);
    visit(2, "build_id", self.build_id);
    visit(3, "host_id", self.host_id);
  }
};

/// Fact. An agent host offers its agents.
struct HostJoined {
  static constexpr uint32_t kNumber = 2;
  static constexpr std::string_view kName = "host_joined";
  static constexpr bool kFact = true;
  HostId host_id;
  uint32_t slots = 0;       // agents at work at once
  std::vector<Role> roles;  // what they can do

  bool operator==(const HostJoined&) const = default;
  template <class Self, class Visitor>
  static void Fields(Self& self, Visitor&& visit) {
    visit(1, "host_id", self.host_id);
    visit(2, "slots", self.slots);
    visit(3, "roles", self.roles);
  }
};

/// Fact. The host ended, or its connection did.
struct HostLeft {
  static constexpr uint32_t kNumber = 3;
  static constexpr std::string_view kName = "host_left";
  static constexpr bool kFact = true;
  HostId host_id;
  std::string reason;

  bool operator==(const HostLeft&) const = default;
  template <class Self, class Visitor>
  static void Fields(Self& self, Visitor&& visit) {
    visit(1, "host_id", self.host_id);
    visit(2, "reason", self.reason);
  }
};

/// Fact. Somebody asked for a mission.
struct MissionRequested {
  static constexpr uint32_t kNumber = 4;
  static constexpr std::string_view kName = "mission_requested";
  static constexpr bool kFact = true;
  MissionRequest request;

  bool operator==(const MissionRequested&) const = default;
  template <class Self, class Visitor>
  static void Fields(Self& self, Visitor&& visit) {
    visit(1, "request", self.request);
  }
};

/// Fact. A process follows the mission and keeps it alive.
struct ClientAttached {
  static constexpr uint32_t kNumber = 5;
  static constexpr std::string_view kName = "client_attached";
  static constexpr bool kFact = true;
  std::string client_id;

  bool operator==(const ClientAttached&) const = default;
  template <class Self, class Visitor>
  static void Fields(Self& self, Visitor&& visit) {
    visit(1, "client_id", self.client_id);
  }
};

/// Fact. That process is gone.
struct ClientDetached {
  static constexpr uint32_t kNumber = 6;
  static constexpr std::string_view kName = "client_detached";
  static constexpr bool kFact = true;
  std::string client_id;

  bool operator==(const ClientDetached&) const = default;
  template <class Self, class Visitor>
  static void Fields(Self& self, Visitor&& visit) {
    visit(1, "client_id", self.client_id);
  }
};

/// Fact. Somebody asked the mission to stop.
struct StopRequested {
  static constexpr uint32_t kNumber = 7;
  static constexpr std::string_view kName = "stop_requested";
  static constexpr bool kFact = true;
  std::string principal;
  bool emergency = false;  // kill first, record later
  std::string reason;

  bool operator==(const StopRequested&) const = default;
  template <class Self, class Visitor>
  static void Fields(Self& self, Visitor&& visit) {
    visit(1, "principal", self.principal);
    visit(2, "emergency", self.emergency);
    visit(3, "reason", self.reason);
  }
};

/// Fact. Somebody asked the mission to go on.
struct ResumeRequested {
  static constexpr uint32_t kNumber = 8;
  static constexpr std::string_view kName = "resume_requested";
  static constexpr bool kFact = true;
  std::string principal;

  bool operator==(const ResumeRequested&) const = default;
  template <class Self, class Visitor>
  static void Fields(Self& self, Visitor&& visit) {
    visit(1, "principal", self.principal);
  }
};

/// Fact. A timer of the timer edge ran out.
struct TimerFired {
  static constexpr uint32_t kNumber = 9;
  static constexpr std::string_view kName = "timer_fired";
  static constexpr bool kFact = true;
  std::string timer_id;  // "mission" or "lease t-3 1-42"

  bool operator==(const TimerFired&) const = default;
  template <class Self, class Visitor>
  static void Fields(Self& self, Visitor&& visit) {
    visit(1, "timer_id", self.timer_id);
  }
};

/// Fact. One task of a plan that is not accepted yet.
struct TaskPlanned {
  static constexpr uint32_t kNumber = 10;
  static constexpr std::string_view kName = "task_planned";
  static constexpr bool kFact = true;
  uint32_t plan_version = 0;
  TaskSpec task;

  bool operator==(const TaskPlanned&) const = default;
  template <class Self, class Visitor>
  static void Fields(Self& self, Visitor&& visit) {
    visit(1, "plan_version", self.plan_version);
    visit(2, "task", self.task);
  }
};

/// Fact. An orchestrator proposed something.
struct ProposalSubmitted {
  static constexpr uint32_t kNumber = 11;
  static constexpr std::string_view kName = "proposal_submitted";
  static constexpr bool kFact = true;
  Proposal proposal;

  bool operator==(const ProposalSubmitted&) const = default;
  template <class Self, class Visitor>
  static void Fields(Self& self, Visitor&& visit) {
    visit(1, "proposal", self.proposal);
  }
};

/// Fact. The host started the lease.
struct LeaseStarted {
  static constexpr uint32_t kNumber = 12;
  static constexpr std::string_view kName = "lease_started";
  static constexpr bool kFact = true;
  TaskId task_id;
  Epoch epoch;
  AgentId agent_id;

  bool operator==(const LeaseStarted&) const = default;
  template <class Self, class Visitor>
  static void Fields(Self& self, Visitor&& visit) {
    visit(1, "task_id", self.task_id);
    visit(2, "epoch", self.epoch);
    visit(3, "agent_id", self.agent_id);
  }
};

/// Fact. An agent reported the end of its work.
struct ResultReported {
  static constexpr uint32_t kNumber = 13;
  static constexpr std::string_view kName = "result_reported";
  static constexpr bool kFact = true;
  TaskResult result;

  bool operator==(const ResultReported&) const = default;
  template <class Self, class Visitor>
  static void Fields(Self& self, Visitor&& visit) {
    visit(1, "result", self.result);
  }
};

/// Fact. What a lease used that ended without a result: stopped, cancelled, or its rival won.
struct LeaseSpent {
  static constexpr uint32_t kNumber = 16;
  static constexpr std::string_view kName = "lease_spent";
  static constexpr bool kFact = true;
  TaskId task_id;
  Epoch epoch;
  Usage usage;

  bool operator==(const LeaseSpent&) const = default;
  template <class Self, class Visitor>
  static void Fields(Self& self, Visitor&& visit) {
    visit(1, "task_id", self.task_id);
    visit(2, "epoch", self.epoch);
    visit(3, "usage", self.usage);
  }
};

/// Fact. The state after event `sequence` is in the ObjectStore, durably: what comes after it is
/// all that a restart has to fold.
struct SnapshotTaken {
  static constexpr uint32_t kNumber = 45;
  static constexpr std::string_view kName = "snapshot_taken";
  static constexpr bool kFact = true;
  uint64_t sequence = 0;      // the last event in it, which ends a block
  BlobId snapshot;            // domain/snapshot.h StateSnapshot
  std::string chain_hash;     // of the block that ends at `sequence`, hexadecimal
  uint32_t state_format = 0;  // kStateFormat of the build that took it

  bool operator==(const SnapshotTaken&) const = default;
  template <class Self, class Visitor>
  static void Fields(Self& self, Visitor&& visit) {
    visit(1, "sequence", self.sequence);
    visit(2, "snapshot", self.snapshot);
    visit(3, "chain_hash", self.chain_hash);
    visit(4, "state_format", self.state_format);
  }
};

/// Fact. The log begins at `before` from now on; the blocks in front of it are deleted after this
/// is durable. One that no snapshot covers changes nothing.
struct LogTruncated {
  static constexpr uint32_t kNumber = 46;
  static constexpr std::string_view kName = "log_truncated";
  static constexpr bool kFact = true;
  uint64_t before = 0;     // first event that stays, which begins a block
  std::string chain_hash;  // of the block in front of it, hexadecimal
  BlobId archive;          // domain/snapshot.h ArchiveIndex; "" = nothing is kept
  uint64_t kept_from = 0;  // first event that log and archive together still have
  std::string principal;   // who asked

  bool operator==(const LogTruncated&) const = default;
  template <class Self, class Visitor>
  static void Fields(Self& self, Visitor&& visit) {
    visit(1, "before", self.before);
    visit(2, "chain_hash", self.chain_hash);
    visit(3, "archive", self.archive);
    visit(4, "kept_from", self.kept_from);
    visit(5, "principal", self.principal);
  }
};

/// Fact. The retention of the mission that ended is over: its refs below refs/coditect/ have no
/// claim any more (this is their tombstone, I1), nor have its blobs and telemetry. One that is not
/// over, or goes on meanwhile, stays as it is.
struct MissionForgotten {
  static constexpr uint32_t kNumber = 47;
  static constexpr std::string_view kName = "mission_forgotten";
  static constexpr bool kFact = true;
  int64_t ended_wall_ms = 0;  // the end that was seen: another one, and nothing is forgotten
  std::string principal;      // who asked

  bool operator==(const MissionForgotten&) const = default;
  template <class Self, class Visitor>
  static void Fields(Self& self, Visitor&& visit) {
    visit(1, "ended_wall_ms", self.ended_wall_ms);
    visit(2, "principal", self.principal);
  }
};

/// Fact. A person approved or rejected what was asked for.
struct ApprovalAnswered {
  static constexpr uint32_t kNumber = 14;
  static constexpr std::string_view kName = "approval_answered";
  static constexpr bool kFact = true;
  std::string approval_id;
  std::string digest;  // of what the person saw
  bool approved = false;
  std::string principal;
  std::string note;  // of a rejection: the reason

  bool operator==(const ApprovalAnswered&) const = default;
  template <class Self, class Visitor>
  static void Fields(Self& self, Visitor&& visit) {
    visit(1, "approval_id", self.approval_id);
    visit(2, "digest", self.digest);
    visit(3, "approved", self.approved);
    visit(4, "principal", self.principal);
    visit(5, "note", self.note);
  }
};

/// Fact. A person wants a plan to be run that was all they had asked for before.
struct PlanRunRequested {
  static constexpr uint32_t kNumber = 15;
  static constexpr std::string_view kName = "plan_run_requested";
  static constexpr bool kFact = true;
  std::string principal;

  bool operator==(const PlanRunRequested&) const = default;
  template <class Self, class Visitor>
  static void Fields(Self& self, Visitor&& visit) {
    visit(1, "principal", self.principal);
  }
};

/// Fact. A host ran the expected tests on `tree`, which merging the delivered commit into `branch`
/// would make now that it is at `onto`: it moved since the mission began, so nobody has tested that
/// tree before.
struct MergeTested {
  static constexpr uint32_t kNumber = 17;
  static constexpr std::string_view kName = "merge_tested";
  static constexpr bool kFact = true;
  std::string branch;  // "main"
  CommitId onto;
  TreeId tree;
  Evidence evidence;
  std::string fault;      // why it is not to be merged, as a sentence; "" = it passed
  std::string principal;  // who asked

  bool operator==(const MergeTested&) const = default;
  template <class Self, class Visitor>
  static void Fields(Self& self, Visitor&& visit) {
    visit(1, "branch", self.branch);
    visit(2, "onto", self.onto);
    visit(3, "tree", self.tree);
    visit(4, "evidence", self.evidence);
    visit(5, "fault", self.fault);
    visit(6, "principal", self.principal);
  }
};

}  // namespace coditect
