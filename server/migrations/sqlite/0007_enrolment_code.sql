-- Codes that let one phone in, once, for one person at one place.
CREATE TABLE enrolment_code (
    hash BLOB PRIMARY KEY CHECK (length(hash) = 32),
    account INTEGER NOT NULL REFERENCES account (id),
    unit INTEGER NOT NULL REFERENCES unit (id),
    created_by INTEGER NOT NULL REFERENCES account (id),
    expires_at INTEGER NOT NULL,
    used_at INTEGER
) STRICT;
CREATE INDEX enrolment_code_by_expiry ON enrolment_code (expires_at);
