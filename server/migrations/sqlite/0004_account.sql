-- People who may log in. `unit` is the place that looks after the account; what it may do is said by role_grant.
CREATE TABLE account (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    login TEXT NOT NULL UNIQUE,
    display_name TEXT NOT NULL,
    unit INTEGER NOT NULL REFERENCES unit (id),
    password TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    disabled_at INTEGER
) STRICT;
CREATE INDEX account_by_unit ON account (unit, id);
