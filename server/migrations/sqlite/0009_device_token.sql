-- Short-lived tokens of devices, under their hash.
CREATE TABLE device_token (
    hash BLOB PRIMARY KEY CHECK (length(hash) = 32),
    device BLOB NOT NULL REFERENCES device (id),
    expires_at INTEGER NOT NULL
) STRICT;
CREATE INDEX device_token_by_device ON device_token (device);
CREATE INDEX device_token_by_expiry ON device_token (expires_at);
