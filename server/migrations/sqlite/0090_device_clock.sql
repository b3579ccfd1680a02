-- How far a device's clock was from the server's when it last asked, once that was noticeable: server less device.
ALTER TABLE device ADD COLUMN clock_offset_ms INTEGER;
ALTER TABLE device ADD COLUMN clock_read_at INTEGER;
