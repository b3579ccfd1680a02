-- Where the log of a village and round stands. `row_hash` is the log's origin before the first row.
CREATE TABLE log_state (
    commune INTEGER NOT NULL REFERENCES unit (id),
    village INTEGER NOT NULL REFERENCES unit (id),
    round TEXT NOT NULL REFERENCES round (id),
    generation INTEGER NOT NULL,
    position INTEGER NOT NULL,
    row_hash BLOB NOT NULL CHECK (length(row_hash) = 32),
    digest BLOB NOT NULL CHECK (length(digest) = 32),
    households INTEGER NOT NULL,
    PRIMARY KEY (commune, village, round)
) STRICT;
