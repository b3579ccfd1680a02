-- The server's signing key, sealed under the master key. The newest row signs; older ones stay to check old signatures.
CREATE TABLE server_key (
    public_key BLOB PRIMARY KEY CHECK (length(public_key) = 32),
    sealed BLOB NOT NULL,
    created_at INTEGER NOT NULL
) STRICT;
