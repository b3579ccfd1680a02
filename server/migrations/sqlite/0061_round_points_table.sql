-- The points table of a round whose B1 is computed; the check of the mode is the program's.
ALTER TABLE round ADD COLUMN points_table BLOB CHECK (length(points_table) = 32);
