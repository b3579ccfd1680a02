-- A command is known by its own journal entry: the segment that carries it is cut otherwise when it is sent again.
ALTER TABLE command RENAME COLUMN segment TO entry_hash;
