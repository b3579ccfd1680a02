-- What last year's list said of a household: class, points, decision, cause. Sealed JSON under the household's key.
CREATE TABLE listing (
    commune INTEGER NOT NULL REFERENCES unit (id),
    round TEXT NOT NULL REFERENCES round (id),
    household BLOB NOT NULL CHECK (length(household) = 16),
    how TEXT NOT NULL CHECK (how IN ('carried', 'requested')),
    sealed BLOB,
    PRIMARY KEY (commune, round, household)
) STRICT;
