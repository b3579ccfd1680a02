-- Compiled lists: the root that a decision carries and what it was computed from (canonical JSON).
-- `ledger` is the number of the entry that says so.
CREATE TABLE roster (
    commune INTEGER NOT NULL REFERENCES unit (id),
    round TEXT NOT NULL REFERENCES round (id),
    number INTEGER NOT NULL,
    root BLOB NOT NULL CHECK (length(root) = 32),
    header TEXT NOT NULL,
    compiled_at INTEGER NOT NULL,
    ledger INTEGER NOT NULL,
    PRIMARY KEY (commune, round, number)
) STRICT;
