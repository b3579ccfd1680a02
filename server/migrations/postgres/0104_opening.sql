-- Devices whose PIN was forgotten: what each asks its commune to open, and who has agreed. One request at a time; a later one
-- takes the place of an earlier one. What is kept opens with the commune's recovery key only, the answer with the device's.
CREATE TABLE opening (
    device BYTEA NOT NULL PRIMARY KEY REFERENCES device (id),
    kept_for BIGINT NOT NULL,
    kept BYTEA NOT NULL CHECK (length(kept) <= 512),
    reply BYTEA NOT NULL CHECK (length(reply) = 32),
    token BYTEA NOT NULL UNIQUE CHECK (length(token) = 32),
    asked_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL,
    first_by BIGINT REFERENCES account (id),
    first_at BIGINT CHECK ((first_at IS NULL) = (first_by IS NULL)),
    first_reason TEXT COLLATE "C" CHECK ((first_reason IS NULL) = (first_by IS NULL)),
    second_by BIGINT REFERENCES account (id) CHECK (second_by <> first_by),
    second_at BIGINT CHECK ((second_at IS NULL) = (second_by IS NULL)),
    second_reason TEXT COLLATE "C" CHECK ((second_reason IS NULL) = (second_by IS NULL)),
    opened BYTEA CHECK ((opened IS NULL) = (second_by IS NULL)),
    refused_by BIGINT REFERENCES account (id),
    refused_at BIGINT CHECK ((refused_at IS NULL) = (refused_by IS NULL)),
    refused_reason TEXT COLLATE "C" CHECK ((refused_reason IS NULL) = (refused_by IS NULL)),
    CHECK (second_by IS NULL OR (first_by IS NOT NULL AND refused_by IS NULL))
);
CREATE INDEX opening_by_expires_at ON opening (expires_at);
-- When a device was opened last, and by which two: its holder is told, for as long as the device is known.
ALTER TABLE device ADD COLUMN opened_at BIGINT;
ALTER TABLE device ADD COLUMN opened_first BIGINT REFERENCES account (id);
ALTER TABLE device ADD COLUMN opened_second BIGINT REFERENCES account (id);
