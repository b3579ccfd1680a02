-- Phones whose key was proven at enrolment.
CREATE TABLE device (
    id BLOB PRIMARY KEY CHECK (length(id) = 16),
    public_key BLOB NOT NULL CHECK (length(public_key) = 32),
    account INTEGER NOT NULL REFERENCES account (id),
    unit INTEGER NOT NULL REFERENCES unit (id),
    name TEXT NOT NULL,
    enrolled_at INTEGER NOT NULL,
    revoked_at INTEGER
) STRICT;
CREATE INDEX device_by_unit ON device (unit);
