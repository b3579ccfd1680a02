-- Every change that was ever sent, whatever became of it: nothing is deleted. Its bytes are sealed under the household's key.
-- `verdict` is the protocol's number (0 accepted, 1 superseded, 2 released, 16.. held, 32.. rejected).
CREATE TABLE change (
    commune INTEGER NOT NULL REFERENCES unit (id),
    round TEXT NOT NULL REFERENCES round (id),
    household BLOB NOT NULL CHECK (length(household) = 16),
    hash BLOB NOT NULL CHECK (length(hash) = 32),
    key BLOB NOT NULL CHECK (length(key) = 32),
    account INTEGER NOT NULL REFERENCES account (id),
    epoch INTEGER NOT NULL,
    entry INTEGER NOT NULL,
    wall_ms INTEGER NOT NULL,
    received_at INTEGER NOT NULL,
    verdict INTEGER NOT NULL,
    reason TEXT,
    sealed BLOB NOT NULL,
    PRIMARY KEY (commune, round, household, hash)
) STRICT;
-- A change that arrives for a second household is found by its hash.
CREATE INDEX change_by_hash ON change (hash);
CREATE INDEX change_waiting ON change (commune, round, verdict) WHERE verdict >= 16;
