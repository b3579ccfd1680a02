-- Households: where each belongs now, and the key that everything about it is sealed under. Destroying the key is erasure.
CREATE TABLE household (
    commune INTEGER NOT NULL REFERENCES unit (id),
    id BLOB NOT NULL CHECK (length(id) = 16),
    village INTEGER NOT NULL REFERENCES unit (id),
    wrapped_key BLOB,
    created_at INTEGER NOT NULL,
    PRIMARY KEY (commune, id)
) STRICT;
-- One household is in one commune: a phone names it by its id alone.
CREATE UNIQUE INDEX household_by_id ON household (id);
CREATE INDEX household_by_village ON household (commune, village, id);
