-- Photos and other files that a journal announced; the bytes follow in their own queue.
CREATE TABLE blob_reference (
    commune INTEGER NOT NULL REFERENCES unit (id),
    household BLOB NOT NULL CHECK (length(household) = 16),
    hash BLOB NOT NULL CHECK (length(hash) = 32),
    size_bytes INTEGER NOT NULL,
    announced_at INTEGER NOT NULL,
    PRIMARY KEY (commune, household, hash)
) STRICT;
