-- What servers do by themselves, and when it was done last: of several servers one does it.
CREATE TABLE background_job (
    name TEXT NOT NULL PRIMARY KEY,
    done_at INTEGER NOT NULL
) STRICT;
