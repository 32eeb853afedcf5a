-- Telemetry: blocks of one producer's events about one run, hash-chained per producer.
CREATE TABLE telemetry_block (
  id             INTEGER PRIMARY KEY,
  mission_id     TEXT NOT NULL,
  producer       TEXT NOT NULL,
  first_sequence INTEGER NOT NULL,
  last_sequence  INTEGER NOT NULL,
  previous_hash  BLOB NOT NULL,
  body           BLOB NOT NULL
) STRICT;
CREATE INDEX telemetry_mission ON telemetry_block (mission_id, id);
