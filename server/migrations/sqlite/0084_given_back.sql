-- Stretches of logs that phones gave back after the server was set back: rows under a head that the server had signed, as
-- evidence, without the changes themselves.
CREATE TABLE chapter (
    commune INTEGER NOT NULL REFERENCES unit (id),
    head BLOB NOT NULL CHECK (length(head) = 32),
    device BLOB NOT NULL CHECK (length(device) = 16),
    received_at INTEGER NOT NULL,
    rows BLOB NOT NULL,
    PRIMARY KEY (commune, head)
) STRICT;
-- Changes that came back that way: the row under that head says that they had been accepted.
CREATE TABLE given_back (
    commune INTEGER NOT NULL REFERENCES unit (id),
    round TEXT NOT NULL REFERENCES round (id),
    household BLOB NOT NULL CHECK (length(household) = 16),
    hash BLOB NOT NULL CHECK (length(hash) = 32),
    head BLOB NOT NULL CHECK (length(head) = 32),
    device BLOB NOT NULL CHECK (length(device) = 16),
    at INTEGER NOT NULL,
    PRIMARY KEY (commune, round, household, hash)
) STRICT;
