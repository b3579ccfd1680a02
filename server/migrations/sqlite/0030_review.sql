-- Where each household stands with its reviewers; made from the ledger, and made again by `rasoat rebuild`.
CREATE TABLE review (
    commune INTEGER NOT NULL REFERENCES unit (id),
    round TEXT NOT NULL REFERENCES round (id),
    household BLOB NOT NULL CHECK (length(household) = 16),
    state TEXT NOT NULL CHECK (state IN ('accepted', 'returned')),
    pin BLOB NOT NULL CHECK (length(pin) = 32),
    ledger INTEGER NOT NULL,
    confirmed_pin BLOB,
    PRIMARY KEY (commune, round, household)
) STRICT;
