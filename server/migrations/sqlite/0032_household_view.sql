-- What lists and screens show of a household; made from its document, and made again by `rasoat rebuild`.
-- `classes` is a bit set (1 poor, 2 near-poor, 4 not poor) under the deciding standard; `summary` is JSON.
CREATE TABLE household_view (
    commune INTEGER NOT NULL REFERENCES unit (id),
    round TEXT NOT NULL REFERENCES round (id),
    household BLOB NOT NULL CHECK (length(household) = 16),
    village INTEGER NOT NULL,
    heads BLOB NOT NULL,
    head_name TEXT NOT NULL,
    folded_name TEXT NOT NULL,
    classes INTEGER NOT NULL,
    complete INTEGER NOT NULL,
    blocking INTEGER NOT NULL,
    open_disagreements INTEGER NOT NULL,
    last_outcome TEXT,
    latitude_e6 INTEGER,
    longitude_e6 INTEGER,
    accuracy_m INTEGER,
    summary TEXT NOT NULL,
    PRIMARY KEY (commune, round, household)
) STRICT;
CREATE INDEX household_view_by_village ON household_view (commune, round, village, folded_name);
