-- The ledger: one row is one block of events, atomic and hash-chained (design.md section 3).
CREATE TABLE block (
  shard          INTEGER NOT NULL,
  last_sequence  INTEGER NOT NULL,
  first_sequence INTEGER NOT NULL,
  block_id       BLOB NOT NULL,
  frame          BLOB NOT NULL,
  checksum       BLOB NOT NULL, -- of the row: the chain does not cover the last block
  PRIMARY KEY (shard, last_sequence)
) STRICT;
CREATE UNIQUE INDEX block_first ON block (shard, first_sequence);

CREATE TABLE meta (
  key   TEXT PRIMARY KEY,
  value TEXT NOT NULL
) STRICT;
INSERT INTO meta VALUES ('clean', '1'), ('end', '');
