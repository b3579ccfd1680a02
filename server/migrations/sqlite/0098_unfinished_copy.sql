-- While another database is copied into this one: from where, and since when. Nothing works with half a copy.
CREATE TABLE unfinished_copy (
    source TEXT NOT NULL PRIMARY KEY,
    begun_at INTEGER NOT NULL
) STRICT;
