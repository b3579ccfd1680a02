-- Open disagreements; made from documents, and made again by `rasoat rebuild`.
CREATE TABLE disagreement_view (
    commune INTEGER NOT NULL REFERENCES unit (id),
    round TEXT NOT NULL REFERENCES round (id),
    household BLOB NOT NULL CHECK (length(household) = 16),
    id BLOB NOT NULL CHECK (length(id) = 16),
    section TEXT NOT NULL,
    blocking INTEGER NOT NULL,
    roster INTEGER NOT NULL,
    impact INTEGER NOT NULL,
    PRIMARY KEY (commune, round, household, id)
) STRICT;
CREATE INDEX disagreement_view_inbox ON disagreement_view (commune, round, blocking DESC, roster DESC);
