-- A password that an administrator gave out opens one session until this instant. Both are empty once its holder has
-- chosen an own password.
ALTER TABLE account ADD COLUMN one_time_until INTEGER;
ALTER TABLE account ADD COLUMN one_time_used_at INTEGER;
