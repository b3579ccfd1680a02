-- Boundaries of villages and communes, where an office has given them. `shape` is JSON: polygons, rings, corners as longitude
-- and latitude in millionths of a degree.
CREATE TABLE boundary (
    commune INTEGER NOT NULL REFERENCES unit (id),
    unit INTEGER NOT NULL REFERENCES unit (id),
    shape TEXT NOT NULL,
    imported_at INTEGER NOT NULL,
    PRIMARY KEY (commune, unit)
) STRICT;
