-- Photos that are there as a whole and checked, sealed under their household's key: destroying the key erases them.
CREATE TABLE blob (
    commune INTEGER NOT NULL REFERENCES unit (id),
    household BLOB NOT NULL CHECK (length(household) = 16),
    hash BLOB NOT NULL CHECK (length(hash) = 32),
    device BLOB NOT NULL CHECK (length(device) = 16),
    media_type TEXT NOT NULL,
    size_bytes INTEGER NOT NULL,
    completed_at INTEGER NOT NULL,
    sealed BLOB NOT NULL,
    PRIMARY KEY (commune, household, hash)
) STRICT;
CREATE INDEX blob_by_device ON blob (device, completed_at);

-- Parts of photos on their way, each device's for itself: what one brings cannot spoil what another does.
CREATE TABLE blob_part (
    commune INTEGER NOT NULL REFERENCES unit (id),
    household BLOB NOT NULL CHECK (length(household) = 16),
    hash BLOB NOT NULL CHECK (length(hash) = 32),
    device BLOB NOT NULL CHECK (length(device) = 16),
    start INTEGER NOT NULL,
    length INTEGER NOT NULL,
    received_at INTEGER NOT NULL,
    sealed BLOB NOT NULL,
    PRIMARY KEY (commune, household, hash, device, start)
) STRICT;
CREATE INDEX blob_part_by_device ON blob_part (device, received_at);
CREATE INDEX blob_part_by_age ON blob_part (received_at);
