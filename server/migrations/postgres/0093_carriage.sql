-- Who brought whose parcel: the author's work came by this road and not from the author's own hand.
CREATE TABLE carriage (
    parcel BYTEA NOT NULL CHECK (length(parcel) = 16),
    carrier BYTEA NOT NULL REFERENCES device (id),
    author BYTEA NOT NULL REFERENCES device (id),
    size_bytes BIGINT NOT NULL,
    received_at BIGINT NOT NULL,
    PRIMARY KEY (parcel, carrier)
);
