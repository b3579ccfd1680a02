-- Generations of a log that have ended because the server was set back to an older copy: how far it still knows each
-- (`position`), and how far a phone has proven by a signed head that it had come (`shown`).
CREATE TABLE log_generation (
    commune INTEGER NOT NULL REFERENCES unit (id),
    village INTEGER NOT NULL REFERENCES unit (id),
    round TEXT NOT NULL REFERENCES round (id),
    generation INTEGER NOT NULL,
    position INTEGER NOT NULL,
    shown INTEGER NOT NULL CHECK (shown >= position),
    ended_at INTEGER NOT NULL,
    PRIMARY KEY (commune, village, round, generation)
) STRICT;
