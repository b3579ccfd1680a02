-- What doubles and strays are looked for with: the head, the place, who has a number. Sealed JSON under the household's key;
-- made from its document, and made by `rasoat rebuild` for documents that are older than this table.
CREATE TABLE clue (
    commune INTEGER NOT NULL REFERENCES unit (id),
    round TEXT NOT NULL REFERENCES round (id),
    household BLOB NOT NULL CHECK (length(household) = 16),
    sealed BLOB NOT NULL,
    PRIMARY KEY (commune, round, household)
) STRICT;
