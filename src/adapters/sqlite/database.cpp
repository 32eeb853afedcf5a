// A thin RAII layer over the SQLite C API.
#include "src/adapters/sqlite/database.h"

#include <errno.h>
#include <sqlite3.h>
#include <stdio.h>
#include <sys/vfs.h>
#include <unistd.h>

#include <utility>

#include "src/base/file.h"

namespace coditect::sqlite {
namespace {

constexpr int kBusyTimeoutMs = 5000;
constexpr int64_t kCopyInMemoryBytesMax = int64_t{64} << 20;

/// File systems whose locks or shared memory SQLite's WAL cannot rely on (linux/magic.h).
Status RefuseNetworkFileSystem(const std::string& path) {
  struct statfs info{};
  if (::statfs(DirName(path).c_str(), &info) != 0) return absl::OkStatus();
  const auto type = static_cast<uint32_t>(info.f_type);
  if (type == 0x6969 || type == 0xFF534D42 || type == 0xFE534D42 || type == 0x517B) {
    return FailedPrecondition(path,
                              " lies on a network file system; set CODITECT_STATE_DIR to a "
                              "folder on a local disk");
  }
  return absl::OkStatus();
}

}  // namespace

Status ToStatus(int code, std::string_view what, sqlite3* handle) {
  const std::string detail =
      StrCat(what, ": ", handle != nullptr ? ::sqlite3_errmsg(handle) : ::sqlite3_errstr(code));
  switch (code & 0xFF) {
    case SQLITE_OK:
    case SQLITE_ROW:
    case SQLITE_DONE:
      return absl::OkStatus();
    case SQLITE_FULL:
      return ResourceExhausted(detail);
    case SQLITE_IOERR:
      // A write that found no space wrote nothing that counts; a failed sync leaves that open.
      if (handle != nullptr && ::sqlite3_system_errno(handle) == ENOSPC &&
          code != SQLITE_IOERR_FSYNC && code != SQLITE_IOERR_DIR_FSYNC) {
        return ResourceExhausted(detail);
      }
      return Unavailable(detail);
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
      return Unavailable(detail);
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
      return DataLoss(detail);
    case SQLITE_CANTOPEN:
      return NotFound(detail);
    case SQLITE_READONLY:
    case SQLITE_PERM:
      return PermissionDenied(detail);
    default:
      return Internal(detail);
  }
}

void Statement::Finalize::operator()(sqlite3_stmt* statement) const {
  ::sqlite3_finalize(statement);
}

Statement& Statement::Bind(int index, int64_t value) {
  ::sqlite3_bind_int64(handle_.get(), index, value);
  return *this;
}

Statement& Statement::BindText(int index, std::string_view value) {
  ::sqlite3_bind_text64(handle_.get(), index, value.data(), value.size(), SQLITE_STATIC,
                        SQLITE_UTF8);
  return *this;
}

Statement& Statement::BindBlob(int index, std::string_view value) {
  ::sqlite3_bind_blob64(handle_.get(), index, value.data(), value.size(), SQLITE_STATIC);
  return *this;
}

StatusOr<bool> Statement::Step() {
  const int code = ::sqlite3_step(handle_.get());
  if (code == SQLITE_ROW) return true;
  if (code == SQLITE_DONE) return false;
  return ToStatus(code, ::sqlite3_sql(handle_.get()), ::sqlite3_db_handle(handle_.get()));
}

void Statement::Reset() { ::sqlite3_reset(handle_.get()); }

int64_t Statement::Int(int column) const { return ::sqlite3_column_int64(handle_.get(), column); }

std::string Statement::Text(int column) const { return Blob(column); }

std::string Statement::Blob(int column) const {
  const auto* bytes = static_cast<const char*>(::sqlite3_column_blob(handle_.get(), column));
  const int size = ::sqlite3_column_bytes(handle_.get(), column);
  return bytes == nullptr ? std::string() : std::string(bytes, static_cast<size_t>(size));
}

void Database::CloseHandle::operator()(sqlite3* handle) const { ::sqlite3_close_v2(handle); }

StatusOr<std::unique_ptr<Database>> Database::Open(const OpenOptions& options) {
  RETURN_IF_ERROR(RefuseNetworkFileSystem(options.path));
  if (!options.read_only && !PathExists(options.path)) {
    RETURN_IF_ERROR(Annotate(Create(options), options.path));
  }
  ASSIGN_OR_RETURN(
      auto database,
      OpenFile(options.path, options.read_only ? SQLITE_OPEN_READONLY : SQLITE_OPEN_READWRITE));
  RETURN_IF_ERROR(Annotate(database->Initialise(options), options.path));
  return database;
}

StatusOr<std::unique_ptr<Database>> Database::OpenFile(const std::string& path, int flags) {
  sqlite3* handle = nullptr;
  const int code = ::sqlite3_open_v2(
      path.c_str(), &handle, flags | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_PRIVATECACHE, nullptr);
  auto database = std::make_unique<Database>();
  database->path_ = path;
  database->handle_.reset(handle);
  if (code != SQLITE_OK) return ToStatus(code, path, handle);
  ::sqlite3_extended_result_codes(handle, 1);
  ::sqlite3_busy_timeout(handle, kBusyTimeoutMs);
  return database;
}

// Under another name until it is whole, in WAL mode and on the disk, so that a file without tables
// is damage and never taken for a new one, and no rollback journal is ever left for a reader to
// find.
Status Database::Create(const OpenOptions& options) {
  const std::string unfinished = options.path + ".new";
  for (const char* suffix : {"", "-journal", "-wal", "-shm"}) {
    ::unlink((unfinished + suffix).c_str());
  }
  {
    ASSIGN_OR_RETURN(const auto database,
                     OpenFile(unfinished, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE));
    RETURN_IF_ERROR(database->Execute(StrCat(
        "BEGIN IMMEDIATE;", options.schema, ";PRAGMA application_id=", options.application_id,
        ";PRAGMA user_version=", options.schema_version, ";COMMIT")));
    RETURN_IF_ERROR(database->QueryText("PRAGMA journal_mode=WAL").status());
  }
  if (::rename(unfinished.c_str(), options.path.c_str()) != 0) {
    return ErrnoStatus(errno, "cannot make ", options.path);
  }
  return SyncFolder(DirName(options.path));
}

Status Database::Initialise(const OpenOptions& options) {
  ASSIGN_OR_RETURN(const int64_t application, QueryInt("PRAGMA application_id"));
  ASSIGN_OR_RETURN(const int64_t version, QueryInt("PRAGMA user_version"));
  ASSIGN_OR_RETURN(const int64_t tables, QueryInt("SELECT count(*) FROM sqlite_schema"));
  if (application == 0 && version == 0 && tables == 0) return DataLoss("the file is empty");
  if (application != options.application_id) {
    return FailedPrecondition("is not a database of coditect");
  }
  if (version > options.schema_version) {
    return FailedPrecondition("was written by a newer coditect (schema ", version,
                              ", this build knows ", options.schema_version,
                              "); use that version, or another CODITECT_STATE_DIR");
  }
  if (options.read_only) return absl::OkStatus();
  ASSIGN_OR_RETURN(const std::string mode, QueryText("PRAGMA journal_mode=WAL"));
  if (mode != "wal") return FailedPrecondition("cannot use a write-ahead log there (", mode, ")");
  return Execute("PRAGMA synchronous=FULL");
}

Status Database::Execute(const std::string& sql) {
  const int code = ::sqlite3_exec(handle_.get(), sql.c_str(), nullptr, nullptr, nullptr);
  if (code == SQLITE_OK) return absl::OkStatus();
  Status status = ToStatus(code, sql.substr(0, sql.find(';')), handle_.get());
  // A failed transaction of several statements must not stay open.
  if (::sqlite3_get_autocommit(handle_.get()) == 0) {
    ::sqlite3_exec(handle_.get(), "ROLLBACK", nullptr, nullptr, nullptr);
  }
  return status;
}

StatusOr<Statement> Database::Prepare(std::string_view sql) {
  sqlite3_stmt* statement = nullptr;
  const int code = ::sqlite3_prepare_v3(handle_.get(), sql.data(), static_cast<int>(sql.size()),
                                        SQLITE_PREPARE_PERSISTENT, &statement, nullptr);
  if (code != SQLITE_OK) return ToStatus(code, sql, handle_.get());
  return Statement(statement);
}

StatusOr<int64_t> Database::QueryInt(std::string_view sql) {
  ASSIGN_OR_RETURN(Statement statement, Prepare(sql));
  ASSIGN_OR_RETURN(const bool row, statement.Step());
  return row ? statement.Int(0) : 0;
}

StatusOr<std::string> Database::QueryText(std::string_view sql) {
  ASSIGN_OR_RETURN(Statement statement, Prepare(sql));
  ASSIGN_OR_RETURN(const bool row, statement.Step());
  return row ? statement.Text(0) : std::string();
}

StatusOr<bool> Database::Shrink() {
  ASSIGN_OR_RETURN(const int64_t page_bytes, QueryInt("PRAGMA page_size"));
  ASSIGN_OR_RETURN(const int64_t pages, QueryInt("PRAGMA page_count"));
  ASSIGN_OR_RETURN(const int64_t free, QueryInt("PRAGMA freelist_count"));
  if (free * page_bytes < kShrinkBytesMin || free < pages / 4) return false;
  // The copy is made in memory if it is small: the folder for temporary files may be anywhere.
  const bool small = (pages - free) * page_bytes <= kCopyInMemoryBytesMax;
  RETURN_IF_ERROR(Execute(small ? "PRAGMA temp_store=MEMORY" : "PRAGMA temp_store=DEFAULT"));
  const int code = ::sqlite3_exec(handle_.get(), "VACUUM", nullptr, nullptr, nullptr);
  const Status status = ToStatus(code, "cannot shrink " + path_, handle_.get());
  const bool busy = (code & 0xFF) == SQLITE_BUSY || (code & 0xFF) == SQLITE_LOCKED;
  if (busy || absl::IsResourceExhausted(status)) return false;
  RETURN_IF_ERROR(status);
  const Status cut = QueryInt("PRAGMA wal_checkpoint(TRUNCATE)").status();
  if (!cut.ok() && !absl::IsResourceExhausted(cut)) return cut;
  return true;
}

}  // namespace coditect::sqlite
