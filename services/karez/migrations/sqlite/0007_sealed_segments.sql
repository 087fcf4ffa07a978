-- Closed ranges of the log, written once and packed: the fast source for replay. Derived, never the truth.
CREATE TABLE sealed_segment (
    last_position INTEGER PRIMARY KEY,
    content       BLOB NOT NULL,
    digest        BLOB NOT NULL
) STRICT;
