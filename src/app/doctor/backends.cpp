// doctor: the state folder and its embedded backends, opened, written and read back.
#include <sys/stat.h>
#include <unistd.h>

#include <chrono>

#include "src/app/doctor/examination.h"
#include "src/app/ledger_tail.h"
#include "src/app/owner_lock.h"
#include "src/base/file.h"
#include "src/base/random.h"

namespace coditect {
namespace {

using Steady = std::chrono::steady_clock;

std::string Microseconds(Steady::time_point since) {
  const auto us =
      std::chrono::duration_cast<std::chrono::microseconds>(Steady::now() - since).count();
  return StrCat(us / 1000, '.', us % 1000 / 100, " ms");
}

/// The modes that keep others out: nobody else may list or write, some may pass through.
Status CheckMode(const std::string& path) {
  struct stat info{};
  if (::stat(path.c_str(), &info) != 0) return absl::OkStatus();
  if (info.st_uid != ::geteuid()) {
    return PermissionDenied(path, " belongs to user ", info.st_uid);
  }
  constexpr mode_t kOthersMay = 0111;
  if ((info.st_mode & 0077 & ~kOthersMay) != 0) {
    return PermissionDenied(path, " is open to others");
  }
  return absl::OkStatus();
}

void CheckFolder(Patient& patient, CheckList& rows) {
  auto paths = FindStatePaths(patient.environment);
  if (!paths.ok()) {
    rows.Fail("folder", Message(paths.status()), "set CODITECT_STATE_DIR");
    return;
  }
  const Status made = MakeStateFolders(*paths);
  if (!made.ok()) {
    rows.Fail("folder", Message(made), "set CODITECT_STATE_DIR");
    return;
  }
  patient.paths = *paths;
  const Status mode = CheckMode(paths->state);
  if (mode.ok()) {
    rows.Ok("folder", paths->state);
  } else {
    rows.Warn("folder", Message(mode), "`coditect doctor --fix`");
  }
}

/// Writes a block into a new ledger and reads it back.
Status TryLedger(const StatePaths& scratch) {
  const Context ctx;
  ASSIGN_OR_RETURN(const auto log, OpenLedgerFile(scratch, /*read_only=*/false));
  const StoredBlock block{
      .first_sequence = 1, .last_sequence = 1, .block_id = RandomHex(8), .frame = "doctor"};
  ASSIGN_OR_RETURN(const AppendResult appended, log->Append(ctx, 0, 0, block));
  ASSIGN_OR_RETURN(const auto blocks, log->Read(ctx, 0, 0, 2));
  if (appended != AppendResult::kStored || blocks.size() != 1 || blocks[0].frame != block.frame) {
    return Internal("what was written was not read back");
  }
  return absl::OkStatus();
}

Status TryTelemetry(const StatePaths& scratch) {
  const Context ctx;
  const SystemClock clock;
  ASSIGN_OR_RETURN(const auto bus, OpenTelemetry(scratch, "doctor", /*read_only=*/false, clock));
  BusEvent event;
  event.topic = kTopicAct;
  event.event_type = "DOCTOR";
  event.mission_id = "r-doctor";
  bus->Publish(event);
  RETURN_IF_ERROR(bus->Flush(ctx));
  ASSIGN_OR_RETURN(const auto events, bus->Read(ctx, event.mission_id));
  return events.size() == 1 ? absl::OkStatus() : Internal("what was written was not read back");
}

Status TryBlobs(const StatePaths& scratch) {
  const Context ctx;
  ASSIGN_OR_RETURN(const auto blobs, OpenBlobs(scratch));
  ASSIGN_OR_RETURN(const BlobId id, blobs->Put(ctx, "doctor"));
  ASSIGN_OR_RETURN(const std::string read, blobs->Get(ctx, id));
  return read == "doctor" ? absl::OkStatus() : Internal("what was written was not read back");
}

/// A new file of the same kind on the same disk: the person's own is only read.
void TryWriting(const Patient& patient, CheckList& rows) {
  const std::string folder = StrCat(patient.paths->work, "/base-doctor-", RandomHex(4));
  StatePaths scratch = *patient.paths;
  scratch.ledger = folder + "/ledger.db";
  scratch.telemetry = folder + "/telemetry.db";
  scratch.blobs = folder + "/blobs";
  const Status made = MakeDirs(scratch.blobs);
  const struct {
    const char* name;
    Status (*attempt)(const StatePaths&);
  } kTries[] = {{"ledger (SQLite)", TryLedger},
                {"telemetry (SQLite)", TryTelemetry},
                {"blobs (files)", TryBlobs}};
  for (const auto& [name, attempt] : kTries) {
    const auto begin = Steady::now();
    const Status done = made.ok() ? attempt(scratch) : made;
    if (done.ok()) {
      rows.Ok(name, StrCat("written and read back in ", Microseconds(begin)));
    } else {
      rows.Fail(name, Message(done), "free some space, or set CODITECT_STATE_DIR to another disk");
    }
  }
  (void)RemoveTree(folder);
}

void CheckStored(const Patient& patient, CheckList& rows) {
  const StatePaths& paths = *patient.paths;
  const Context ctx;
  const SystemClock clock;
  if (PathExists(paths.ledger)) {
    const auto begin = Steady::now();
    const auto found = ExamineLedger(ctx, paths);
    if (found.ok()) {
      rows.Ok("ledger", StrCat(*found, "; read in ", Microseconds(begin)));
    } else {
      rows.Fail("ledger", Message(ExplainLedgerError(found.status(), paths)),
                "move the file away; the branches of former runs stay in their repositories");
    }
  } else {
    rows.Ok("ledger", "no run yet");
  }
  if (!PathExists(paths.telemetry)) return;
  const auto bus = OpenTelemetry(paths, "", /*read_only=*/true, clock);
  const auto events =
      bus.ok() ? (*bus)->Read(ctx, "r-doctor") : StatusOr<std::vector<BusEvent>>(bus.status());
  if (events.ok()) {
    rows.Ok("telemetry", "readable");
  } else {
    rows.Fail("telemetry", Message(events.status()),
              "`coditect doctor --fix` sets it aside; no run is lost by that");
  }
}

}  // namespace

void CheckBackends(Patient& patient, CheckList rows) {
  CheckFolder(patient, rows);
  if (!patient.paths.has_value()) return;
  const int owner = OwnerProcess(patient.paths->lock);
  rows.Ok("owner", owner == 0 ? "no run is active" : StrCat("process ", owner));
  CheckStored(patient, rows);
  TryWriting(patient, rows);
}

}  // namespace coditect
