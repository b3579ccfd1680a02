-- Kinds of questions that a round does not ask: `point`, `photo`, with commas between them.
ALTER TABLE round ADD COLUMN left_out TEXT NOT NULL DEFAULT '';
