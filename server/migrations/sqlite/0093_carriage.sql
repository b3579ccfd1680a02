-- Who brought whose parcel: the author's work came by this road and not from the author's own hand.
CREATE TABLE carriage (
    parcel BLOB NOT NULL CHECK (length(parcel) = 16),
    carrier BLOB NOT NULL REFERENCES device (id),
    author BLOB NOT NULL REFERENCES device (id),
    size_bytes INTEGER NOT NULL,
    received_at INTEGER NOT NULL,
    PRIMARY KEY (parcel, carrier)
) STRICT;
