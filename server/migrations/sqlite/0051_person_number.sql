-- Which members have which number, so that one number in two households is found across communes. `mark` is an HMAC of the
-- number under a secret of the server: equal numbers have equal marks, and the number itself stands nowhere.
CREATE TABLE person_number (
    commune INTEGER NOT NULL REFERENCES unit (id),
    round TEXT NOT NULL REFERENCES round (id),
    household BLOB NOT NULL CHECK (length(household) = 16),
    member BLOB NOT NULL CHECK (length(member) = 10),
    mark BLOB NOT NULL CHECK (length(mark) = 32),
    PRIMARY KEY (commune, round, household, member)
) STRICT;
CREATE INDEX person_number_by_mark ON person_number (round, mark, household);
