-- What a unit is called, what it lies in and what area it counts as, from one day up to (not including) another.
CREATE TABLE unit_version (
    unit INTEGER NOT NULL REFERENCES unit (id),
    valid_from TEXT NOT NULL,
    valid_to TEXT CHECK (valid_to > valid_from),
    parent INTEGER REFERENCES unit (id) CHECK (parent <> unit),
    name TEXT NOT NULL,
    name_en TEXT,
    area TEXT CHECK (area IN ('rural', 'urban')),
    region TEXT,
    PRIMARY KEY (unit, valid_from)
) STRICT;
CREATE INDEX unit_version_by_parent ON unit_version (parent, unit);
CREATE UNIQUE INDEX unit_version_one_open ON unit_version (unit) WHERE valid_to IS NULL;
