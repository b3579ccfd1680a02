-- Signed journal segments as they came, without the bytes of the changes they name: evidence of who wrote what, when.
CREATE TABLE segment (
    commune INTEGER NOT NULL REFERENCES unit (id),
    head BLOB NOT NULL CHECK (length(head) = 32),
    key BLOB NOT NULL CHECK (length(key) = 32),
    account INTEGER NOT NULL,
    epoch INTEGER NOT NULL,
    first INTEGER NOT NULL,
    last INTEGER NOT NULL,
    village INTEGER NOT NULL,
    round TEXT NOT NULL,
    received_at INTEGER NOT NULL,
    journal BLOB NOT NULL,
    PRIMARY KEY (commune, head)
) STRICT;
CREATE INDEX segment_by_author ON segment (key, account, epoch, first);
