// The usual mutable task table in SQLite.
#include "benchmarks/support/mutable_queue.h"

#include "benchmarks/support/measure.h"

namespace coditect::bench {
namespace {

constexpr std::string_view kSchema =
    "CREATE TABLE task (id INTEGER PRIMARY KEY, state INTEGER NOT NULL, agent TEXT, "
    "lease_until INTEGER, spec BLOB NOT NULL, result BLOB);"
    "CREATE INDEX task_ready ON task (id) WHERE state = 0";

void Run(sqlite::Statement& statement) {
  Must(statement.Step());
  statement.Reset();
}

}  // namespace

MutableQueue::MutableQueue(const std::string& path)
    : database_(Must(sqlite::Database::Open(
          {.path = path, .schema = kSchema, .application_id = 1, .schema_version = 1}))) {
  begin_ = Must(database_->Prepare("BEGIN IMMEDIATE"));
  commit_ = Must(database_->Prepare("COMMIT"));
  insert_ = Must(database_->Prepare("INSERT INTO task (state, spec) VALUES (0, ?)"));
  claim_ = Must(database_->Prepare(
      "UPDATE task SET state = 1, agent = ?, lease_until = ? WHERE id = (SELECT id FROM task "
      "WHERE state = 0 ORDER BY id LIMIT 1) RETURNING id"));
  finish_ = Must(database_->Prepare("UPDATE task SET state = 2, result = ? WHERE id = ?"));
}

void MutableQueue::Begin() { Run(begin_); }
void MutableQueue::Commit() { Run(commit_); }

void MutableQueue::Submit(const std::string& spec) {
  insert_.BindBlob(1, spec);
  Run(insert_);
}

int64_t MutableQueue::Claim(const std::string& agent, int64_t lease_until) {
  claim_.BindText(1, agent).Bind(2, lease_until);
  const int64_t id = Must(claim_.Step()) ? claim_.Int(0) : 0;
  while (id != 0 && Must(claim_.Step())) {
  }
  claim_.Reset();
  return id;
}

void MutableQueue::Finish(int64_t id, const std::string& result) {
  finish_.BindBlob(1, result).Bind(2, id);
  Run(finish_);
}

int64_t MutableQueue::CountDone() {
  return Must(database_->QueryInt("SELECT count(*) FROM task WHERE state = 2"));
}

}  // namespace coditect::bench
