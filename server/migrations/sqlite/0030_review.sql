-- Where each household stands with its reviewers; made from the ledger, and made again by `rasoat rebuild`.
CREATE TABLE review (
    commune INTEGER NOT NULL REFERENCES unit (id),
    round TEXT NOT NULL REFERENCES round (id),
    household BLOB NOT NULL CHECK (length(household) = 16),
    state TEXT CHECK (state IN ('accepted', 'returned')),
    pin BLOB CHECK (length(pin) = 32),
    ledger INTEGER,
    confirmed_points BLOB CHECK (length(confirmed_points) = 32),
    PRIMARY KEY (commune, round, household)
) STRICT;
