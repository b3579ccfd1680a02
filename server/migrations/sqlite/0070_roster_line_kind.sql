-- Behind its lines a compiled list names the households for which the round ended without a class: leaves of the same tree.
ALTER TABLE roster_line ADD COLUMN kind TEXT NOT NULL DEFAULT 'line' CHECK (kind IN ('line', 'unassessed'));
