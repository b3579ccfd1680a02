-- The lines of a compiled list in the order of its tree; each sealed under its household's key.
CREATE TABLE roster_line (
    commune INTEGER NOT NULL REFERENCES unit (id),
    round TEXT NOT NULL REFERENCES round (id),
    number INTEGER NOT NULL,
    position INTEGER NOT NULL,
    household BLOB NOT NULL CHECK (length(household) = 16),
    leaf BLOB NOT NULL CHECK (length(leaf) = 32),
    sealed BLOB NOT NULL,
    PRIMARY KEY (commune, round, number, position)
) STRICT;
