-- Who holds which role where and when. Rows are ended, never deleted: the past must stay answerable.
CREATE TABLE role_grant (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    account INTEGER NOT NULL REFERENCES account (id),
    role TEXT NOT NULL,
    unit INTEGER NOT NULL REFERENCES unit (id),
    from_at INTEGER NOT NULL,
    to_at INTEGER
) STRICT;
CREATE INDEX role_grant_by_account ON role_grant (account, id);
