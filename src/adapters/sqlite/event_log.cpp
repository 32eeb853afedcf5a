// The ledger in one SQLite file.
#include "src/adapters/sqlite/event_log.h"

#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <utility>

#include "src/adapters/sqlite/database.h"
#include "src/base/crash_point.h"
#include "src/base/mutex.h"
#include "src/base/sha256.h"

extern "C" const char coditect_schema_ledger[];
extern "C" const unsigned coditect_schema_ledger_size;

namespace coditect::sqlite {
namespace {

constexpr uint32_t kLedgerApplicationId = 0x434F4431;  // "COD1"
/// 2: the log of a shard may begin behind event 1.
constexpr uint32_t kSchemaVersion = 2;
/// A file up to this size is checked as a whole after an unclean end; a larger one at its end, and
/// as a whole by `coditect doctor` (docs/adr/0009).
constexpr int64_t kWholeCheckBytesMax = int64_t{16} << 20;
/// In front of the next two: every shard with its last sequence, without reading every row.
constexpr const char* kWithEnds =
    "WITH RECURSIVE shards(shard) AS (SELECT min(shard) FROM block UNION ALL SELECT "
    "(SELECT min(shard) FROM block WHERE block.shard>shards.shard) FROM shards WHERE "
    "shards.shard IS NOT NULL), ends AS (SELECT shard,(SELECT max(last_sequence) FROM block WHERE "
    "block.shard=shards.shard) AS last FROM shards WHERE shard IS NOT NULL) ";
/// "shard:last sequence" of every shard. The chain finds a block missing before another one, this
/// finds the last ones missing.
constexpr const char* kEnds = "SELECT coalesce(group_concat(shard||':'||last,' '),'') FROM ends";
/// The same by reading every entry of an index, which also finds one that is out of its place.
constexpr const char* kEndsByScan =
    "SELECT coalesce(group_concat(shard||':'||last,' '),'') FROM (SELECT shard,max(last_sequence) "
    "AS last FROM block GROUP BY shard ORDER BY shard)";

/// 1 when the file has all that the schema of this version promises.
constexpr const char* kWhole =
    "SELECT (SELECT count(*) FROM pragma_table_info('block') WHERE name='checksum') AND "
    "(SELECT count(*) FROM meta WHERE key='end')";

/// 1 when the table and both indexes agree on the last block of every shard, and on the last one
/// written: separate trees of the file, each of which an append changes.
constexpr const char* kEndsAgree =
    "SELECT (SELECT count(*) FROM ends LEFT JOIN block ON block.shard=ends.shard AND "
    "block.last_sequence=ends.last WHERE block.first_sequence IS NOT (SELECT max(first_sequence) "
    "FROM block AS newest WHERE newest.shard=ends.shard))=0 AND "
    "(SELECT coalesce(max(rowid),0) FROM block)="
    "coalesce((SELECT max(block.rowid) FROM ends JOIN block ON block.shard=ends.shard AND "
    "block.last_sequence=ends.last),0)";

int64_t FileBytes(const std::string& path) {
  struct stat info{};
  return ::stat(path.c_str(), &info) == 0 ? info.st_size : 0;
}

std::string Checksum(uint32_t shard, const StoredBlock& block) {
  constexpr size_t kBytes = 8;
  return Sha256(StrCat(shard, ' ', block.first_sequence, ' ', block.last_sequence, ' ',
                       block.block_id.size(), ' ', block.block_id, block.frame))
      .substr(0, kBytes);
}

class LedgerFile final : public EventLog {
 public:
  LedgerFile(std::unique_ptr<Database> database, bool read_only)
      : database_(std::move(database)), read_only_(read_only) {}

  ~LedgerFile() override {
    MutexLock lock(mutex_);
    if (read_only_ || broken_) return;
    // Failing to mark the clean end only costs a check at the next start.
    (void)database_->Execute(StrCat("BEGIN IMMEDIATE;REPLACE INTO meta VALUES ('end',(", kWithEnds,
                                    kEnds,
                                    "));UPDATE meta SET value='1' WHERE key='clean';COMMIT"));
    // The file whole by itself. A last connection that only reads would leave the log beside it.
    (void)database_->QueryInt("PRAGMA wal_checkpoint(TRUNCATE)");
  }

  Status Initialise() {
    MutexLock lock(mutex_);
    ASSIGN_OR_RETURN(const int64_t whole, database_->QueryInt(kWhole));
    if (whole != 1) {
      return FailedPrecondition(
          "is not laid out as a ledger of this build (a development build may have written it); "
          "move it aside, or use another CODITECT_STATE_DIR");
    }
    if (!read_only_) {
      ASSIGN_OR_RETURN(const std::string clean,
                       database_->QueryText("SELECT value FROM meta WHERE key='clean'"));
      if (clean == "1") {
        const auto small = IsSmall();
        RETURN_IF_ERROR(small.status());
        ASSIGN_OR_RETURN(const std::string end,
                         database_->QueryText("SELECT value FROM meta WHERE key='end'"));
        ASSIGN_OR_RETURN(const std::string found,
                         database_->QueryText(*small ? kEndsByScan : StrCat(kWithEnds, kEnds)));
        if (found != end) return DataLoss("it ends at '", found, "' and not at '", end, "'");
      } else {
        RETURN_IF_ERROR(CheckAfterUncleanEnd());
        // What was written but perhaps never reached the disk (after an input/output error the
        // kernel forgets it had to write) is written anew, to the database itself.
        RETURN_IF_ERROR(database_->QueryInt("PRAGMA wal_checkpoint(TRUNCATE)").status());
      }
      RETURN_IF_ERROR(database_->Execute("UPDATE meta SET value='0' WHERE key='clean'"));
      if (CrashPointsActive()) {
        RETURN_IF_ERROR(database_->Execute("PRAGMA wal_autocheckpoint=0"));  // see CutTheLog
      }
      ASSIGN_OR_RETURN(insert_, database_->Prepare("INSERT INTO block VALUES (?,?,?,?,?,?)"));
    }
    ASSIGN_OR_RETURN(last_, database_->Prepare(
                                "SELECT coalesce(max(last_sequence),0) FROM block WHERE shard=?"));
    ASSIGN_OR_RETURN(
        read_, database_->Prepare("SELECT first_sequence,last_sequence,block_id,frame,checksum "
                                  "FROM block WHERE shard=? AND last_sequence>? "
                                  "ORDER BY last_sequence LIMIT ?"));
    ASSIGN_OR_RETURN(
        following_,
        database_->Prepare("SELECT block_id FROM block WHERE shard=? AND first_sequence=?"));
    return absl::OkStatus();
  }

  StatusOr<AppendResult> Append(const Context&, uint32_t shard, uint64_t expected,
                                const StoredBlock& block) override {
    MutexLock lock(mutex_);
    RETURN_IF_ERROR(Usable());
    const int64_t log_bytes = FileBytes(database_->path() + "-wal");
    auto result = Store(shard, expected, block);
    if (result.ok() && TakeTornWrite()) CutTheLog(log_bytes);
    if (result.ok() || absl::IsResourceExhausted(result.status())) return result;
    // Whether the commit reached the disk cannot be known on this connection any more.
    broken_ = true;
    return Unavailable(Message(result.status()));
  }

  StatusOr<std::vector<StoredBlock>> Read(const Context& ctx, uint32_t shard, uint64_t after,
                                          size_t blocks_max) override {
    MutexLock lock(mutex_);
    RETURN_IF_ERROR(Usable());
    std::vector<StoredBlock> blocks;
    read_.Bind(1, shard).Bind(2, static_cast<int64_t>(after));
    read_.Bind(3, static_cast<int64_t>(blocks_max));
    for (;;) {
      auto row = read_.Step();
      if (!row.ok() || !*row) {
        read_.Reset();
        if (!row.ok()) return row.status();
        return blocks;
      }
      blocks.push_back({.first_sequence = static_cast<uint64_t>(read_.Int(0)),
                        .last_sequence = static_cast<uint64_t>(read_.Int(1)),
                        .block_id = read_.Blob(2),
                        .frame = read_.Blob(3)});
      Status status = ctx.Check();
      if (read_.Blob(4) != Checksum(shard, blocks.back())) {
        status = DataLoss("the block at event ", blocks.back().first_sequence,
                          " does not match its checksum");
      }
      if (!status.ok()) {
        read_.Reset();
        return status;
      }
    }
  }

  StatusOr<size_t> Truncate(const Context&, uint32_t shard, uint64_t before,
                            size_t blocks_max) override {
    MutexLock lock(mutex_);
    RETURN_IF_ERROR(Usable());
    // The analysis does not see that it is called at once.
    const auto delete_oldest = [&]() ABSL_NO_THREAD_SAFETY_ANALYSIS {
      return DeleteOldest(shard, before, blocks_max);
    };
    auto deleted = WithCrashPoint("effect#log_truncated", delete_oldest);
    Status status = deleted.status();
    // The last of them: a process that dies before this shrinks the file at its next start.
    if (status.ok() && *deleted < blocks_max) {
      status = WithCrashPoint("effect#ledger_shrunk", [&] { return database_->Shrink().status(); });
    }
    if (status.ok()) return deleted;
    if (absl::IsResourceExhausted(status)) return status;
    broken_ = true;
    return Unavailable(Message(status));
  }

  StatusOr<uint64_t> LastSequence(const Context&, uint32_t shard) override {
    MutexLock lock(mutex_);
    RETURN_IF_ERROR(Usable());
    return Last(shard);
  }

 private:
  /// Whether looking at all of it costs next to nothing.
  StatusOr<bool> IsSmall() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    ASSIGN_OR_RETURN(const int64_t pages, database_->QueryInt("PRAGMA page_count"));
    ASSIGN_OR_RETURN(const int64_t page_bytes, database_->QueryInt("PRAGMA page_size"));
    return pages * page_bytes <= kWholeCheckBytesMax;
  }

  // What SQLite acknowledged is in the file or its log, whatever ended the process; the check is
  // for damage from outside, and looks where the next blocks go.
  Status CheckAfterUncleanEnd() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    ASSIGN_OR_RETURN(const int64_t pages, database_->QueryInt("PRAGMA page_count"));
    ASSIGN_OR_RETURN(const int64_t page_bytes, database_->QueryInt("PRAGMA page_size"));
    ASSIGN_OR_RETURN(const bool small, IsSmall());
    if (small) {
      // The whole check: the quick one misses rows that an index has lost.
      ASSIGN_OR_RETURN(const std::string verdict,
                       database_->QueryText("PRAGMA integrity_check(1)"));
      return verdict == "ok" ? absl::OkStatus() : DataLoss(verdict);
    }
    const int64_t stored = FileBytes(database_->path()) + FileBytes(database_->path() + "-wal");
    if (stored < pages * page_bytes) {
      return DataLoss("it has ", stored, " bytes of ", pages * page_bytes);
    }
    ASSIGN_OR_RETURN(const int64_t agree, database_->QueryInt(StrCat(kWithEnds, kEndsAgree)));
    return agree == 1 ? absl::OkStatus() : DataLoss("its table and its indexes end differently");
  }

  StatusOr<size_t> DeleteOldest(uint32_t shard, uint64_t before, size_t blocks_max)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    ASSIGN_OR_RETURN(const uint64_t last, Last(shard));
    RETURN_IF_ERROR(database_->Execute(StrCat(
        "BEGIN IMMEDIATE;DELETE FROM block WHERE rowid IN (SELECT rowid FROM block WHERE shard=",
        shard, " AND last_sequence<", std::min(before, last), " ORDER BY last_sequence LIMIT ",
        blocks_max, ")")));
    auto deleted = database_->QueryInt("SELECT changes()");
    const Status status =
        deleted.ok() ? database_->Execute(StrCat("PRAGMA user_version=", kSchemaVersion, ";COMMIT"))
                     : deleted.status();
    if (!status.ok()) {
      (void)database_->Execute("ROLLBACK");
      return status;
    }
    return static_cast<size_t>(*deleted);
  }

  Status Usable() const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    return broken_ ? Unavailable("the ledger must be opened again after an error")
                   : absl::OkStatus();
  }

  StatusOr<uint64_t> Last(uint32_t shard) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    last_.Bind(1, shard);
    auto row = last_.Step();
    const uint64_t sequence = row.ok() && *row ? static_cast<uint64_t>(last_.Int(0)) : 0;
    last_.Reset();
    RETURN_IF_ERROR(row.status());
    return sequence;
  }

  StatusOr<AppendResult> Store(uint32_t shard, uint64_t expected, const StoredBlock& block)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    RETURN_IF_ERROR(database_->Execute("BEGIN IMMEDIATE"));
    auto result = StoreInTransaction(shard, expected, block);
    if (result.ok() && *result == Stored::kNow) {
      RETURN_IF_ERROR(database_->Execute("COMMIT"));
      return AppendResult::kStored;
    }
    const Status rolled_back = database_->Execute("ROLLBACK");
    RETURN_IF_ERROR(result.status());
    RETURN_IF_ERROR(rolled_back);
    return *result == Stored::kBefore ? AppendResult::kStored : AppendResult::kLost;
  }

  enum class Stored { kNow, kBefore, kNever };

  StatusOr<Stored> StoreInTransaction(uint32_t shard, uint64_t expected, const StoredBlock& block)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    ASSIGN_OR_RETURN(const uint64_t last, Last(shard));
    if (last < expected) return Stored::kNever;  // the log is not the one the caller folded
    if (last > expected) {
      following_.Bind(1, shard).Bind(2, static_cast<int64_t>(expected + 1));
      auto row = following_.Step();
      const bool same = row.ok() && *row && following_.Blob(0) == block.block_id;
      following_.Reset();
      RETURN_IF_ERROR(row.status());
      return same ? Stored::kBefore : Stored::kNever;
    }
    insert_.Bind(1, shard).Bind(2, static_cast<int64_t>(block.last_sequence));
    insert_.Bind(3, static_cast<int64_t>(block.first_sequence));
    const std::string checksum = Checksum(shard, block);
    insert_.BindBlob(4, block.block_id).BindBlob(5, block.frame).BindBlob(6, checksum);
    auto row = insert_.Step();
    insert_.Reset();
    RETURN_IF_ERROR(row.status());
    return Stored::kNow;
  }

  // The damage of a power cut in the middle of the last commit: the write-ahead log ends at some
  // byte of it. Needs a log that only grows, hence no automatic checkpoint while crash points are
  // on.
  [[noreturn]] void CutTheLog(int64_t bytes_before) {
    const std::string log = database_->path() + "-wal";
    const int64_t written = FileBytes(log) - bytes_before;
    const int64_t kept = written > 0 ? (bytes_before * 2654435761LL) % written : 0;
    if (::truncate(log.c_str(), bytes_before + kept) != 0) CrashNow();
    CrashNow();
  }

  Mutex mutex_;
  const std::unique_ptr<Database> database_;
  const bool read_only_;
  bool broken_ ABSL_GUARDED_BY(mutex_) = false;
  Statement insert_ ABSL_GUARDED_BY(mutex_);
  Statement last_ ABSL_GUARDED_BY(mutex_);
  Statement read_ ABSL_GUARDED_BY(mutex_);
  Statement following_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace

Status CheckLedgerFile(const std::string& path) {
  ASSIGN_OR_RETURN(const auto database, Database::Open({.path = path,
                                                        .read_only = true,
                                                        .application_id = kLedgerApplicationId,
                                                        .schema_version = kSchemaVersion}));
  ASSIGN_OR_RETURN(const std::string verdict, database->QueryText("PRAGMA integrity_check(1)"));
  return verdict == "ok" ? absl::OkStatus() : DataLoss(path, ": ", verdict);
}

StatusOr<std::unique_ptr<EventLog>> OpenEventLog(const EventLogOptions& options) {
  ASSIGN_OR_RETURN(auto database,
                   Database::Open({.path = options.path,
                                   .read_only = options.read_only,
                                   .schema = {coditect_schema_ledger, coditect_schema_ledger_size},
                                   .application_id = kLedgerApplicationId,
                                   .schema_version = kSchemaVersion}));
  auto ledger = std::make_unique<LedgerFile>(std::move(database), options.read_only);
  RETURN_IF_ERROR(Annotate(ledger->Initialise(), options.path));
  return ledger;
}

}  // namespace coditect::sqlite
