-- The document of a household in a round: its heads, and Automerge's bytes as a cache of the change log (sealed).
-- `heads` are 32-byte change hashes one after another, sorted; empty before the first change.
CREATE TABLE document (
    commune INTEGER NOT NULL REFERENCES unit (id),
    round TEXT NOT NULL REFERENCES round (id),
    household BLOB NOT NULL CHECK (length(household) = 16),
    form TEXT NOT NULL,
    heads BLOB NOT NULL,
    changes INTEGER NOT NULL,
    saved BLOB,
    closed_at INTEGER,
    PRIMARY KEY (commune, round, household)
) STRICT;
