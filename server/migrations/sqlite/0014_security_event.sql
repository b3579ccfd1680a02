-- What happened to accounts, rights and devices. Ids only.
CREATE TABLE security_event (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    at INTEGER NOT NULL,
    kind TEXT NOT NULL,
    actor INTEGER REFERENCES account (id),
    subject TEXT NOT NULL
) STRICT;
