-- The heads behind each pin that a decision names. `heads` are 32-byte hashes one after another, sorted.
CREATE TABLE pin (
    commune INTEGER NOT NULL REFERENCES unit (id),
    round TEXT NOT NULL REFERENCES round (id),
    household BLOB NOT NULL CHECK (length(household) = 16),
    pin BLOB NOT NULL CHECK (length(pin) = 32),
    heads BLOB NOT NULL,
    PRIMARY KEY (commune, round, household, pin)
) STRICT;
