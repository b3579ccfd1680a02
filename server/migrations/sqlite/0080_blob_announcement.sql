-- Photos and other files that a journal announced: which device will bring which bytes. No release could announce one
-- before, so the table that named no device holds nothing.
DROP TABLE blob_reference;
CREATE TABLE blob_announcement (
    commune INTEGER NOT NULL REFERENCES unit (id),
    household BLOB NOT NULL CHECK (length(household) = 16),
    hash BLOB NOT NULL CHECK (length(hash) = 32),
    device BLOB NOT NULL CHECK (length(device) = 16),
    account INTEGER NOT NULL,
    round TEXT NOT NULL,
    size_bytes INTEGER NOT NULL,
    announced_at INTEGER NOT NULL,
    PRIMARY KEY (commune, household, hash, device)
) STRICT;
