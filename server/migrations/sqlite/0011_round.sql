-- Review rounds. `standards` lists standard ids in order, separated by commas (ids hold none).
CREATE TABLE round (
    id TEXT PRIMARY KEY,
    unit INTEGER NOT NULL REFERENCES unit (id),
    name TEXT NOT NULL,
    standards TEXT NOT NULL,
    form_version TEXT NOT NULL,
    b1_mode TEXT NOT NULL,
    reference_on TEXT NOT NULL,
    state TEXT NOT NULL
) STRICT;
