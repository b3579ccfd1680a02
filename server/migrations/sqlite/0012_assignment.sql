-- Who surveys which village in a round. Commune first, as in every table that belongs to one.
CREATE TABLE assignment (
    commune INTEGER NOT NULL REFERENCES unit (id),
    round TEXT NOT NULL REFERENCES round (id),
    village INTEGER NOT NULL REFERENCES unit (id),
    account INTEGER NOT NULL REFERENCES account (id),
    PRIMARY KEY (commune, round, village, account)
) STRICT;
CREATE INDEX assignment_by_account ON assignment (account, round);
