-- Devices whose PIN was forgotten: what each asks its commune to open, and who has agreed. One request at a time; a later one
-- takes the place of an earlier one. What is kept opens with the commune's recovery key only, the answer with the device's.
CREATE TABLE opening (
    device BLOB NOT NULL PRIMARY KEY REFERENCES device (id),
    kept_for INTEGER NOT NULL,
    kept BLOB NOT NULL CHECK (length(kept) <= 512),
    reply BLOB NOT NULL CHECK (length(reply) = 32),
    token BLOB NOT NULL UNIQUE CHECK (length(token) = 32),
    asked_at INTEGER NOT NULL,
    expires_at INTEGER NOT NULL,
    first_by INTEGER REFERENCES account (id),
    first_at INTEGER CHECK ((first_at IS NULL) = (first_by IS NULL)),
    first_reason TEXT CHECK ((first_reason IS NULL) = (first_by IS NULL)),
    second_by INTEGER REFERENCES account (id) CHECK (second_by <> first_by),
    second_at INTEGER CHECK ((second_at IS NULL) = (second_by IS NULL)),
    second_reason TEXT CHECK ((second_reason IS NULL) = (second_by IS NULL)),
    opened BLOB CHECK ((opened IS NULL) = (second_by IS NULL)),
    refused_by INTEGER REFERENCES account (id),
    refused_at INTEGER CHECK ((refused_at IS NULL) = (refused_by IS NULL)),
    refused_reason TEXT CHECK ((refused_reason IS NULL) = (refused_by IS NULL)),
    CHECK (second_by IS NULL OR (first_by IS NOT NULL AND refused_by IS NULL))
) STRICT;
CREATE INDEX opening_by_expires_at ON opening (expires_at);
-- When a device was opened last, and by which two: its holder is told, for as long as the device is known.
ALTER TABLE device ADD COLUMN opened_at INTEGER;
ALTER TABLE device ADD COLUMN opened_first INTEGER REFERENCES account (id);
ALTER TABLE device ADD COLUMN opened_second INTEGER REFERENCES account (id);
