-- Every time that this server was found to be, or was said to be, an older copy of itself: the generation that its logs got.
CREATE TABLE set_back (
    generation INTEGER NOT NULL PRIMARY KEY,
    noticed_at INTEGER NOT NULL
) STRICT;
