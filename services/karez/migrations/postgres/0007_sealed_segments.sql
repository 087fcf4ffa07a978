-- Closed ranges of the log, written once and packed: the fast source for replay. Derived, never the truth.
CREATE TABLE sealed_segment (
    last_position bigint PRIMARY KEY,
    content       bytea NOT NULL,
    digest        bytea NOT NULL
);
ALTER TABLE sealed_segment ALTER COLUMN content SET STORAGE EXTERNAL; -- compressed by the writer already
