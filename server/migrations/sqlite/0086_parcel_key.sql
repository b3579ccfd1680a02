-- Keys that parcels are sealed to, each sealed under the master key. The newest is given out; older ones still open what was
-- sealed to them before.
CREATE TABLE parcel_key (
    id BLOB PRIMARY KEY CHECK (length(id) = 8),
    sealed BLOB NOT NULL,
    created_at INTEGER NOT NULL
) STRICT;
