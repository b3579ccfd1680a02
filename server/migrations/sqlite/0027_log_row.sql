-- The log itself: one row after another, hash-chained, with the running digest and count. `event` is the protocol's CBOR.
CREATE TABLE log_row (
    commune INTEGER NOT NULL REFERENCES unit (id),
    village INTEGER NOT NULL REFERENCES unit (id),
    round TEXT NOT NULL REFERENCES round (id),
    position INTEGER NOT NULL,
    written_at INTEGER NOT NULL,
    household BLOB NOT NULL CHECK (length(household) = 16),
    event BLOB NOT NULL,
    row_hash BLOB NOT NULL CHECK (length(row_hash) = 32),
    digest BLOB NOT NULL CHECK (length(digest) = 32),
    households INTEGER NOT NULL,
    PRIMARY KEY (commune, village, round, position)
) STRICT;
