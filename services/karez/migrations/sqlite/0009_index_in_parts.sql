-- The entries of a million positions lie together, as a part of its own: what is entered falls all over one part and no longer
-- all over the index, so that entering costs the same however long the log is. Whoever looks for an id asks each part.
-- Under other names: a recorder of an earlier version that is still running must not believe that it has entered something.

-- Where each event is.
CREATE TABLE event_place (
    part     INTEGER NOT NULL,
    event_id BLOB    NOT NULL CHECK (length(event_id) = 16),
    position INTEGER NOT NULL,
    PRIMARY KEY (part, event_id),
    CHECK (part = position / 1000000)
) STRICT, WITHOUT ROWID;
INSERT INTO event_place (part, event_id, position)
SELECT position / 1000000, event_id, position FROM event_index ORDER BY 1, 2;
DROP TABLE event_index;

CREATE TRIGGER event_place_refuse_update BEFORE UPDATE ON event_place
BEGIN SELECT RAISE(ABORT, 'UPDATE on event_place is refused: an event id is taken for ever'); END;
CREATE TRIGGER event_place_refuse_delete BEFORE DELETE ON event_place
BEGIN SELECT RAISE(ABORT, 'DELETE on event_place is refused: an event id is taken for ever'); END;

-- Where each version of a stream is.
CREATE TABLE stream_place (
    part      INTEGER NOT NULL,
    stream_no INTEGER NOT NULL,
    version   INTEGER NOT NULL,
    position  INTEGER NOT NULL,
    PRIMARY KEY (part, stream_no, version),
    CHECK (part = position / 1000000)
) STRICT, WITHOUT ROWID;
INSERT INTO stream_place (part, stream_no, version, position)
SELECT position / 1000000, stream_no, version, position FROM stream_index ORDER BY 1, 2, 3;
DROP TABLE stream_index;

CREATE TRIGGER stream_place_refuse_update BEFORE UPDATE ON stream_place
BEGIN SELECT RAISE(ABORT, 'UPDATE on stream_place is refused: an event keeps its place in its stream for ever'); END;
CREATE TRIGGER stream_place_refuse_delete BEFORE DELETE ON stream_place
BEGIN SELECT RAISE(ABORT, 'DELETE on stream_place is refused: an event keeps its place in its stream for ever'); END;
