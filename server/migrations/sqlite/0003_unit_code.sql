-- Official codes of units: each scheme gives a unit at most one code on a day, and a code at most one unit.
CREATE TABLE unit_code (
    scheme TEXT NOT NULL,
    code TEXT NOT NULL,
    valid_from TEXT NOT NULL,
    valid_to TEXT CHECK (valid_to > valid_from),
    unit INTEGER NOT NULL REFERENCES unit (id),
    PRIMARY KEY (scheme, code, valid_from)
) STRICT;
CREATE INDEX unit_code_by_unit ON unit_code (unit, scheme);
