// The peer: the usual mutable task table in SQLite.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "src/adapters/sqlite/database.h"

namespace coditect::bench {

/// One row per task, changed in place; every step is committed before it is acknowledged (WAL,
/// synchronous=FULL, the same SQLite and connection settings as the ledger's). Not thread-safe.
class MutableQueue {
 public:
  explicit MutableQueue(const std::string& path);

  void Begin();
  void Commit();
  void Submit(const std::string& spec);
  /// The claimed task's id; 0 when nothing is ready.
  int64_t Claim(const std::string& agent, int64_t lease_until);
  void Finish(int64_t id, const std::string& result);
  int64_t CountDone();

 private:
  std::unique_ptr<sqlite::Database> database_;
  sqlite::Statement begin_, commit_, insert_, claim_, finish_;
};

}  // namespace coditect::bench
