-- What waits of one device's work: how much of it a device that was shut out may still bring is bounded.
CREATE INDEX change_waiting_by_key ON change (key) WHERE verdict BETWEEN 16 AND 31;
