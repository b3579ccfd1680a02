-- Suspicions that a person has looked at, by the pin of the facts that were seen; made from the ledger, and made again by
-- `rasoat rebuild`.
CREATE TABLE suspicion_check (
    commune INTEGER NOT NULL REFERENCES unit (id),
    round TEXT NOT NULL REFERENCES round (id),
    household BLOB NOT NULL CHECK (length(household) = 16),
    suspicion BLOB NOT NULL CHECK (length(suspicion) = 32),
    ledger INTEGER NOT NULL,
    PRIMARY KEY (commune, round, household, suspicion)
) STRICT;
