-- The village that a household belongs to in a round, and those that it has left in it (eight bytes each): a household that
-- moves stays where it was on the lists of earlier rounds.
ALTER TABLE document ADD COLUMN village INTEGER NOT NULL DEFAULT 0;
ALTER TABLE document ADD COLUMN left_villages BLOB NOT NULL DEFAULT x'';
UPDATE document SET village =
    (SELECT h.village FROM household h WHERE h.commune = document.commune AND h.id = document.household);
