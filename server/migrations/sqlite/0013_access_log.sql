-- Reads of sensitive data: who, what, when. Ids only, no names and no answers.
CREATE TABLE access_log (
    commune INTEGER NOT NULL REFERENCES unit (id),
    id INTEGER NOT NULL,
    at INTEGER NOT NULL,
    account INTEGER NOT NULL REFERENCES account (id),
    action TEXT NOT NULL,
    subject TEXT NOT NULL,
    PRIMARY KEY (commune, id)
) STRICT;
