-- When the last log row was written that the author of a change had seen: it was not written before that. NULL where none
-- is proven.
ALTER TABLE change ADD COLUMN seen_at INTEGER;
