-- Segments say in which format they are packed, so that those of another are written anew in place of being read. The column stands
-- before the content, or each would be read through to reach it.
DROP TABLE sealed_segment;
CREATE TABLE sealed_segment (
    last_position INTEGER PRIMARY KEY,
    format        INTEGER NOT NULL DEFAULT 1, -- of a recorder of an earlier version, which may still be running
    content       BLOB NOT NULL,
    digest        BLOB NOT NULL
) STRICT;
