-- Signed requests for a decision that came in a journal, for whoever decides. Sealed under the master key.
CREATE TABLE command (
    commune INTEGER NOT NULL REFERENCES unit (id),
    segment BLOB NOT NULL CHECK (length(segment) = 32),
    entry INTEGER NOT NULL,
    received_at INTEGER NOT NULL,
    sealed BLOB NOT NULL,
    PRIMARY KEY (commune, segment, entry)
) STRICT;
