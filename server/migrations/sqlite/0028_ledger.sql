-- Decisions: one hash-chained list per commune, in canonical JSON, only ever added to.
CREATE TABLE ledger (
    commune INTEGER NOT NULL REFERENCES unit (id),
    number INTEGER NOT NULL,
    hash BLOB NOT NULL CHECK (length(hash) = 32),
    entry TEXT NOT NULL,
    PRIMARY KEY (commune, number)
) STRICT;
