-- The entries of a million positions lie together, as a part of its own: what is entered falls all over one part and no longer
-- all over the index, so that entering costs the same however long the log is. Whoever looks for an id asks each part.
ALTER TABLE event_index RENAME TO event_index_undivided;
ALTER TABLE stream_index RENAME TO stream_index_undivided;

CREATE TABLE event_index (
    part     INTEGER NOT NULL,
    event_id BLOB    NOT NULL CHECK (length(event_id) = 16),
    position INTEGER NOT NULL,
    PRIMARY KEY (part, event_id),
    CHECK (part = position / 1000000)
) STRICT, WITHOUT ROWID;
INSERT INTO event_index (part, event_id, position)
SELECT position / 1000000, event_id, position FROM event_index_undivided ORDER BY 1, 2;
DROP TABLE event_index_undivided;

CREATE TRIGGER event_index_refuse_update BEFORE UPDATE ON event_index
BEGIN SELECT RAISE(ABORT, 'UPDATE on event_index is refused: an event id is taken for ever'); END;
CREATE TRIGGER event_index_refuse_delete BEFORE DELETE ON event_index
BEGIN SELECT RAISE(ABORT, 'DELETE on event_index is refused: an event id is taken for ever'); END;

CREATE TABLE stream_index (
    part      INTEGER NOT NULL,
    stream_no INTEGER NOT NULL,
    version   INTEGER NOT NULL,
    position  INTEGER NOT NULL,
    PRIMARY KEY (part, stream_no, version),
    CHECK (part = position / 1000000)
) STRICT, WITHOUT ROWID;
INSERT INTO stream_index (part, stream_no, version, position)
SELECT position / 1000000, stream_no, version, position FROM stream_index_undivided ORDER BY 1, 2, 3;
DROP TABLE stream_index_undivided;

CREATE TRIGGER stream_index_refuse_update BEFORE UPDATE ON stream_index
BEGIN SELECT RAISE(ABORT, 'UPDATE on stream_index is refused: an event keeps its place in its stream for ever'); END;
CREATE TRIGGER stream_index_refuse_delete BEFORE DELETE ON stream_index
BEGIN SELECT RAISE(ABORT, 'DELETE on stream_index is refused: an event keeps its place in its stream for ever'); END;
