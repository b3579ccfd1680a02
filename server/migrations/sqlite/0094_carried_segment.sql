-- The segments that a parcel held, by the hash of their last entry.
CREATE TABLE carried_segment (
    head BLOB NOT NULL CHECK (length(head) = 32),
    parcel BLOB NOT NULL CHECK (length(parcel) = 16),
    PRIMARY KEY (head, parcel)
) STRICT;
