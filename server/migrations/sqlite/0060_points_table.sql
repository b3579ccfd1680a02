-- B1 points tables that offices loaded, under the hash over their two files. No round may use one before a second person
-- has confirmed it.
CREATE TABLE points_table (
    unit INTEGER NOT NULL REFERENCES unit (id),
    hash BLOB NOT NULL CHECK (length(hash) = 32),
    standard TEXT NOT NULL,
    source TEXT NOT NULL,
    numbers TEXT NOT NULL,
    mapping TEXT NOT NULL,
    loaded_by INTEGER NOT NULL REFERENCES account (id),
    loaded_at INTEGER NOT NULL,
    confirmed_by INTEGER REFERENCES account (id) CHECK (confirmed_by <> loaded_by),
    confirmed_at INTEGER CHECK ((confirmed_at IS NULL) = (confirmed_by IS NULL)),
    PRIMARY KEY (unit, hash)
) STRICT;
CREATE INDEX points_table_by_hash ON points_table (hash);
