-- A round may end for a household without a class, and `why` says why. SQLite cannot widen a CHECK, so the table is made
-- anew; nothing refers to it.
CREATE TABLE review_with_why (
    commune INTEGER NOT NULL REFERENCES unit (id),
    round TEXT NOT NULL REFERENCES round (id),
    household BLOB NOT NULL CHECK (length(household) = 16),
    state TEXT CHECK (state IN ('accepted', 'returned', 'unassessed')),
    why TEXT CHECK (why IN ('refused', 'moved', 'not_found', 'no_longer_wants', 'no_member_left')),
    pin BLOB CHECK (length(pin) = 32),
    ledger INTEGER,
    confirmed_points BLOB CHECK (length(confirmed_points) = 32),
    PRIMARY KEY (commune, round, household),
    CHECK ((state IS 'unassessed') = (why IS NOT NULL))
) STRICT;
INSERT INTO review_with_why (commune, round, household, state, pin, ledger, confirmed_points)
SELECT commune, round, household, state, pin, ledger, confirmed_points FROM review;
DROP TABLE review;
ALTER TABLE review_with_why RENAME TO review;
