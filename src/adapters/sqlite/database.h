// A thin RAII layer over the SQLite C API: connections and statements with Status errors.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "src/base/status.h"

struct sqlite3;
struct sqlite3_stmt;

namespace coditect::sqlite {

/// A prepared statement. Bind indexes count from 1, columns from 0. Not thread-safe.
class Statement {
 public:
  Statement() = default;
  explicit Statement(sqlite3_stmt* handle) : handle_(handle) {}

  Statement& Bind(int index, int64_t value);
  /// The bytes must stay alive until Reset().
  Statement& BindText(int index, std::string_view value);
  Statement& BindBlob(int index, std::string_view value);

  /// True when there is a row. The statement stays open until Reset().
  StatusOr<bool> Step();
  void Reset();

  int64_t Int(int column) const;
  std::string Text(int column) const;
  std::string Blob(int column) const;

 private:
  struct Finalize {
    void operator()(sqlite3_stmt* statement) const;
  };
  std::unique_ptr<sqlite3_stmt, Finalize> handle_;
};

struct OpenOptions {
  std::string path;
  bool read_only = false;
  std::string_view schema;      // SQL of a new database
  uint32_t application_id = 0;  // tells our databases from others
  uint32_t schema_version = 1;
};

/// One connection. Not thread-safe.
class Database {
 public:
  /// Opens or creates. WAL, synchronous=FULL. NOT_FOUND (read-only and absent), DATA_LOSS (not a
  /// database, or an empty file: creation is atomic), FAILED_PRECONDITION (another program's, a
  /// newer version's, or on a network file system, whose locks SQLite cannot trust),
  /// RESOURCE_EXHAUSTED.
  static StatusOr<std::unique_ptr<Database>> Open(const OpenOptions& options);

  Status Execute(const std::string& sql);
  StatusOr<Statement> Prepare(std::string_view sql);
  /// Runs a one-value query.
  StatusOr<int64_t> QueryInt(std::string_view sql);
  StatusOr<std::string> QueryText(std::string_view sql);

  /// Gives the space that deleted rows left back to the disk when it is at least kShrinkBytesMin
  /// and a quarter of the file: what is left is written anew, in one transaction, in time and for a
  /// while in space that grow with what is left. False when that is not worth while, when there is
  /// no room for it, or when another connection writes: the file is as it was. The file itself is
  /// cut when nobody reads an older version of it, at the latest by the last connection.
  StatusOr<bool> Shrink();
  static constexpr int64_t kShrinkBytesMin = int64_t{16} << 10;

  const std::string& path() const { return path_; }

 private:
  struct CloseHandle {
    void operator()(sqlite3* handle) const;
  };

  static StatusOr<std::unique_ptr<Database>> OpenFile(const std::string& path, int flags);
  static Status Create(const OpenOptions& options);
  Status Initialise(const OpenOptions& options);

  std::string path_;
  std::unique_ptr<sqlite3, CloseHandle> handle_;
};

/// The Status of an SQLite result code: disk full RESOURCE_EXHAUSTED, busy and input/output errors
/// UNAVAILABLE, damage DATA_LOSS.
Status ToStatus(int code, std::string_view what, sqlite3* handle);

}  // namespace coditect::sqlite
