// The ledger on a disk that fails: what is damaged is named, what is not known is not guessed.
#include "src/adapters/sqlite/event_log.h"

#include <dlfcn.h>
#include <doctest/doctest.h>
#include <errno.h>
#include <signal.h>
#include <sqlite3.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <random>

#include "src/base/file.h"
#include "src/base/random.h"

namespace {

std::atomic<int> failing_syncs{0};  // this many next syncs answer EIO
std::atomic<bool> disk_full{false};
std::atomic<int> writes_left{0};  // the process is killed at the last of them; 0 = never

template <typename Function>
Function* Next(const char* name) {
  return reinterpret_cast<Function*>(::dlsym(RTLD_NEXT, name));
}

bool SyncFails() {
  int left = failing_syncs;
  while (left > 0 && !failing_syncs.compare_exchange_weak(left, left - 1)) {
  }
  if (left > 0) errno = EIO;
  return left > 0;
}

bool WriteFails() {
  if (writes_left > 0 && --writes_left == 0) ::raise(SIGKILL);
  if (disk_full) errno = ENOSPC;
  return disk_full;
}

}  // namespace

// SQLite's system calls, as this program's own.
extern "C" int fsync(int fd) { return SyncFails() ? -1 : Next<int(int)>("fsync")(fd); }
extern "C" int fdatasync(int fd) { return SyncFails() ? -1 : Next<int(int)>("fdatasync")(fd); }
extern "C" ssize_t pwrite64(int fd, const void* bytes, size_t size, off64_t at) {
  if (WriteFails()) return -1;
  return Next<ssize_t(int, const void*, size_t, off64_t)>("pwrite64")(fd, bytes, size, at);
}
extern "C" ssize_t pwrite(int fd, const void* bytes, size_t size, off_t at) {
  if (WriteFails()) return -1;
  return Next<ssize_t(int, const void*, size_t, off_t)>("pwrite")(fd, bytes, size, at);
}

namespace coditect::sqlite {
namespace {

const Context kCtx;

/// A folder with a ledger; the disk is sound again afterwards.
class Bench {
 public:
  Bench() : folder_(StrCat("/tmp/coditect-test-", RandomHex(6))) {
    REQUIRE(MakeDirs(folder_).ok());
  }
  ~Bench() {
    failing_syncs = 0;
    disk_full = false;
    (void)RemoveTree(folder_);
  }

  std::string path() const { return folder_ + "/ledger.db"; }
  StatusOr<std::unique_ptr<EventLog>> TryOpen() const { return OpenEventLog({.path = path()}); }
  std::unique_ptr<EventLog> Open() const {
    auto log = TryOpen();
    REQUIRE_MESSAGE(log.ok(), Message(log.status()));
    return *std::move(log);
  }

  /// Everything in it, without a gap as the ledger's reader demands, or why it cannot be had.
  StatusOr<std::vector<StoredBlock>> Everything() const {
    ASSIGN_OR_RETURN(const auto log, TryOpen());
    ASSIGN_OR_RETURN(auto blocks, log->Read(kCtx, 0, 0, 100'000));
    for (size_t i = 0; i < blocks.size(); ++i) {
      if (blocks[i].first_sequence != i + 1) return DataLoss("a gap after block ", i);
    }
    return blocks;
  }

  void Execute(const std::string& sql) const {
    sqlite3* database = nullptr;
    REQUIRE(::sqlite3_open(path().c_str(), &database) == SQLITE_OK);
    REQUIRE(::sqlite3_exec(database, sql.c_str(), nullptr, nullptr, nullptr) == SQLITE_OK);
    ::sqlite3_close(database);
  }

 private:
  const std::string folder_;
};

StoredBlock Block(uint64_t sequence, size_t frame_bytes = 40) {
  std::string frame = RandomHex(8);
  while (frame.size() < frame_bytes) frame += RandomHex(32);
  return {.first_sequence = sequence,
          .last_sequence = sequence,
          .block_id = RandomHex(8),
          .frame = frame};
}

/// Appends blocks 1 to `count` and gives the file's bytes after a clean end.
std::string Fill(const Bench& bench, uint64_t count) {
  {
    const auto log = bench.Open();
    for (uint64_t i = 1; i <= count; ++i) {
      REQUIRE(*log->Append(kCtx, 0, i - 1, Block(i, 300)) == AppendResult::kStored);
    }
  }
  const auto bytes = ReadFile(bench.path());
  REQUIRE(bytes.ok());
  return *bytes;
}

void Damage(const Bench& bench, const std::string& bytes) {
  for (const char* suffix : {"-wal", "-shm"}) ::unlink((bench.path() + suffix).c_str());
  REQUIRE(WriteFile(bench.path(), bytes, 0600).ok());
}

bool Same(const std::vector<StoredBlock>& a, const std::vector<StoredBlock>& b) {
  if (a.size() != b.size()) return false;
  for (size_t i = 0; i < a.size(); ++i) {
    if (a[i].block_id != b[i].block_id || a[i].frame != b[i].frame ||
        a[i].first_sequence != b[i].first_sequence || a[i].last_sequence != b[i].last_sequence) {
      return false;
    }
  }
  return true;
}

}  // namespace

TEST_CASE("ATruncatedLedgerIsRefusedAndNeverReadAsAShorterOne") {
  Bench bench;
  const std::string whole = Fill(bench, 60);
  for (size_t size = 0; size < whole.size(); size += 1024) {
    CAPTURE(size);
    Damage(bench, whole.substr(0, size));
    const auto read = bench.Everything();
    REQUIRE_FALSE(read.ok());
    CHECK(absl::IsDataLoss(read.status()));
  }
  Damage(bench, whole);
  CHECK_EQ(bench.Everything()->size(), 60);
}

TEST_CASE("AFlippedBitIsNoticedWhereverItMatters") {
  Bench bench;
  const std::string whole = Fill(bench, 60);
  const auto stored = bench.Everything();
  REQUIRE(stored.ok());
  std::mt19937 random(7);
  int noticed = 0;
  for (int i = 0; i < 600; ++i) {
    std::string bytes = whole;
    const size_t at = random() % bytes.size();
    CAPTURE(at);
    bytes[at] = static_cast<char>(bytes[at] ^ (1 << random() % 8));
    Damage(bench, bytes);
    const auto read = bench.Everything();
    if (read.ok()) {
      CHECK(Same(*read, *stored));  // it was in unused space
    } else {
      ++noticed;
    }
  }
  CHECK_GT(noticed, 200);
}

TEST_CASE("TheLastBlockIsCoveredToo") {
  Bench bench;
  Fill(bench, 3);
  bench.Execute("UPDATE block SET frame = x'00' WHERE last_sequence = 3");
  const auto read = bench.Everything();
  CHECK(absl::IsDataLoss(read.status()));
  CHECK(Contains(Message(read.status()), "event 3"));
}

TEST_CASE("ALedgerFromTheFutureIsRefusedByNameAndWithTheNextStep") {
  Bench bench;
  Fill(bench, 3);
  bench.Execute("PRAGMA user_version = 3");
  for (const bool read_only : {false, true}) {
    const auto log = OpenEventLog({.path = bench.path(), .read_only = read_only});
    REQUIRE(absl::IsFailedPrecondition(log.status()));
    CHECK(Contains(Message(log.status()), bench.path()));
    CHECK(Contains(Message(log.status()), "newer coditect"));
    CHECK(Contains(Message(log.status()), "CODITECT_STATE_DIR"));
  }
}

TEST_CASE("ALedgerOfAnotherLayoutIsRefusedWithTheNextStep") {
  for (const char* change :
       {"ALTER TABLE block DROP COLUMN checksum", "DELETE FROM meta WHERE key='end'"}) {
    Bench bench;
    Fill(bench, 3);
    bench.Execute(change);
    const auto log = bench.TryOpen();
    REQUIRE(absl::IsFailedPrecondition(log.status()));
    CHECK(Contains(Message(log.status()), "move it aside"));
    CHECK(Contains(Message(log.status()), "CODITECT_STATE_DIR"));
  }
}

TEST_CASE("AnotherProgramsDatabaseIsLeftAlone") {
  Bench bench;
  bench.Execute("CREATE TABLE theirs (x); INSERT INTO theirs VALUES (1)");
  CHECK(absl::IsFailedPrecondition(bench.TryOpen().status()));
}

TEST_CASE("TheOwnerChecksTheFileAfterAnUncleanEndOnly") {
  Bench bench;
  const std::string whole = Fill(bench, 60);
  const auto broken_page = [&](const std::string& clean) {
    Damage(bench, whole);
    bench.Execute(StrCat("UPDATE meta SET value='", clean, "' WHERE key='clean'"));
    auto bytes = *ReadFile(bench.path());
    bytes.replace(bytes.size() - 4096, 8, "\xff\xff\xff\xff\xff\xff\xff\xff");  // a page's header
    Damage(bench, bytes);
    return bench.TryOpen().status();
  };
  CHECK(broken_page("1").ok());
  CHECK(absl::IsDataLoss(broken_page("0")));
}

TEST_CASE("AfterAFailedSyncNothingIsAnsweredUntilTheLogIsOpenedAgain") {
  Bench bench;
  auto log = bench.Open();
  CHECK_EQ(*log->Append(kCtx, 0, 0, Block(1)), AppendResult::kStored);
  const StoredBlock block = Block(2);
  failing_syncs = 1;
  CHECK(absl::IsUnavailable(log->Append(kCtx, 0, 1, block).status()));
  CHECK(absl::IsUnavailable(log->Append(kCtx, 0, 1, block).status()));  // the disk is sound again
  CHECK(absl::IsUnavailable(log->Read(kCtx, 0, 0, 10).status()));
  CHECK(absl::IsUnavailable(log->LastSequence(kCtx, 0).status()));
  log.reset();
  log = bench.Open();
  CHECK_EQ(*log->Append(kCtx, 0, 1, block), AppendResult::kStored);
  CHECK_EQ(log->Read(kCtx, 0, 0, 10)->size(), 2);
}

TEST_CASE("AnAmbiguousAppendIsStoredOrLostByWhatIsThereAfterwards") {
  for (const bool rival_wins : {false, true}) {
    CAPTURE(rival_wins);
    Bench bench;
    const auto watching = bench.Open();  // keeps the log's index alive, as a reader does
    auto log = bench.Open();
    const StoredBlock ours = Block(1);
    const StoredBlock theirs = Block(1);
    failing_syncs = 1;
    REQUIRE(absl::IsUnavailable(log->Append(kCtx, 0, 0, ours).status()));
    log = bench.Open();
    if (rival_wins) REQUIRE_EQ(*watching->Append(kCtx, 0, 0, theirs), AppendResult::kStored);
    CHECK_EQ(*log->Append(kCtx, 0, 0, ours),
             rival_wins ? AppendResult::kLost : AppendResult::kStored);
    const auto all = *log->Read(kCtx, 0, 0, 10);
    REQUIRE_EQ(all.size(), 1);
    CHECK_EQ(all[0].block_id, rival_wins ? theirs.block_id : ours.block_id);
  }
}

TEST_CASE("AfterAnUncleanEndTheWriteAheadLogIsWrittenIntoTheDatabase") {
  Bench bench;
  auto log = bench.Open();
  for (uint64_t i = 1; i <= 5; ++i) REQUIRE(log->Append(kCtx, 0, i - 1, Block(i)).ok());
  // As a killed process leaves it.
  const std::string database = *ReadFile(bench.path());
  const std::string ahead = *ReadFile(bench.path() + "-wal");
  log.reset();
  Damage(bench, database);
  REQUIRE(WriteFile(bench.path() + "-wal", ahead, 0600).ok());
  log = bench.Open();
  struct stat info{};
  REQUIRE(::stat((bench.path() + "-wal").c_str(), &info) == 0);
  // Only the mark that it is in use again; the blocks are in the database.
  CHECK_LT(static_cast<size_t>(info.st_size), ahead.size());
  const std::string now = *ReadFile(bench.path());
  const auto blocks = *log->Read(kCtx, 0, 0, 10);
  REQUIRE_EQ(blocks.size(), 5);
  for (const StoredBlock& block : blocks) CHECK(Contains(now, block.frame));
}

TEST_CASE("AFullDiskStoresNothingStillReadsAndGoesOnByItself") {
  Bench bench;
  const auto log = bench.Open();
  CHECK_EQ(*log->Append(kCtx, 0, 0, Block(1)), AppendResult::kStored);
  disk_full = true;
  for (int i = 0; i < 3; ++i) {
    CHECK(absl::IsResourceExhausted(log->Append(kCtx, 0, 1, Block(2)).status()));
  }
  CHECK_EQ(log->Read(kCtx, 0, 0, 10)->size(), 1);
  CHECK(absl::IsResourceExhausted(bench.TryOpen().status()));
  disk_full = false;
  CHECK_EQ(*log->Append(kCtx, 0, 1, Block(2)), AppendResult::kStored);
}

TEST_CASE("ALedgerIsMadeWholeOrNotAtAll") {
  Bench bench;
  failing_syncs = 1'000;
  CHECK_FALSE(bench.TryOpen().ok());
  CHECK_FALSE(PathExists(bench.path()));
  failing_syncs = 0;
  CHECK(bench.TryOpen().ok());
}

TEST_CASE("WhatIsTruncatedIsGivenBackToTheDisk") {
  Bench bench;
  const std::string whole = Fill(bench, 600);
  {
    const auto log = bench.Open();
    const auto reader = bench.Open();  // as a verb that looks: it has an older version in mind
    REQUIRE_EQ(reader->Read(kCtx, 0, 0, 1000)->size(), 600);
    CHECK_EQ(*log->Truncate(kCtx, 0, 591, 300), 300);
    CHECK_EQ(*log->Truncate(kCtx, 0, 591, 300), 290);
    CHECK_EQ(*log->Truncate(kCtx, 0, 591, 300), 0);
    CHECK_EQ(reader->Read(kCtx, 0, 0, 1000)->size(), 10);
    REQUIRE_EQ(*log->Append(kCtx, 0, 600, Block(601)), AppendResult::kStored);
  }
  CHECK_LT(ReadFile(bench.path())->size(), whole.size() / 4);
  const auto log = bench.Open();
  const auto blocks = *log->Read(kCtx, 0, 0, 1000);
  REQUIRE_EQ(blocks.size(), 11);
  CHECK_EQ(blocks.front().first_sequence, 591);
  CHECK_EQ(blocks.back().first_sequence, 601);
}

TEST_CASE("AFewDeletedBlocksAreNotWorthWritingTheFileAnew") {
  Bench bench;
  const std::string whole = Fill(bench, 600);
  CHECK_EQ(*bench.Open()->Truncate(kCtx, 0, 50, 300), 49);
  CHECK_EQ(ReadFile(bench.path())->size(), whole.size());
}

TEST_CASE("AKillWhileTheFileShrinksLosesNothing") {
  Bench bench;
  const std::string whole = Fill(bench, 600);
  const auto stored = *bench.Everything();
  int killed = 0;
  for (int writes = 1;; writes += 3) {
    CAPTURE(writes);
    Damage(bench, whole);
    const pid_t child = ::fork();
    if (child == 0) {
      writes_left = writes;
      {
        const auto log = bench.TryOpen();
        if (!log.ok() || !(*log)->Truncate(kCtx, 0, 591, 1000).ok()) ::_exit(1);
      }
      ::_exit(0);
    }
    int status = 0;
    REQUIRE_EQ(::waitpid(child, &status, 0), child);
    const bool ended = WIFEXITED(status) && WEXITSTATUS(status) == 0;
    if (!ended) REQUIRE(WIFSIGNALED(status));
    killed += ended ? 0 : 1;
    const auto log = bench.Open();
    auto blocks = *log->Read(kCtx, 0, 590, 1000);
    CHECK(Same(blocks, {stored.begin() + 590, stored.end()}));
    CHECK(log->Truncate(kCtx, 0, 591, 1000).ok());  // the next start finishes it
    CHECK(Same(*log->Read(kCtx, 0, 0, 1000), {stored.begin() + 590, stored.end()}));
    if (ended) break;
  }
  CHECK_GT(killed, 20);
  CHECK_LT(ReadFile(bench.path())->size(), whole.size() / 4);
}

}  // namespace coditect::sqlite
