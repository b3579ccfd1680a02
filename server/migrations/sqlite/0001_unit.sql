-- Places of the tree. Ids are ours and never reused; everything that a reform may change is dated in unit_version.
CREATE TABLE unit (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    level TEXT NOT NULL CHECK (level IN ('nation', 'province', 'district', 'commune', 'village')),
    valid_from TEXT NOT NULL,
    valid_to TEXT CHECK (valid_to > valid_from)
) STRICT;
