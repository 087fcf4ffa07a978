-- Ids and versions of streams fall all over their tables. They are entered behind the log from here on, many at once and in
-- order; until then they are found in the log itself. The table of the log keeps no key but the position, to which rows are
-- only appended: the writer, who alone appends, asks index and log before it records.

-- Under another name: a recorder of an earlier version that is still running must not decide by half of what is known.
ALTER TABLE event_seen RENAME TO event_index;
DROP TRIGGER event_seen_refuse_update;
DROP TRIGGER event_seen_refuse_delete;
CREATE TRIGGER event_index_refuse_update BEFORE UPDATE ON event_index
BEGIN SELECT RAISE(ABORT, 'UPDATE on event_index is refused: an event id is taken for ever'); END;
CREATE TRIGGER event_index_refuse_delete BEFORE DELETE ON event_index
BEGIN SELECT RAISE(ABORT, 'DELETE on event_index is refused: an event id is taken for ever'); END;

-- Where each version of a stream lies.
CREATE TABLE stream_index (
    stream_no INTEGER NOT NULL,
    version   INTEGER NOT NULL,
    position  INTEGER NOT NULL,
    PRIMARY KEY (stream_no, version)
) STRICT, WITHOUT ROWID;
INSERT INTO stream_index (stream_no, version, position)
SELECT stream_no, version, position FROM event_log ORDER BY stream_no, version;

CREATE TRIGGER stream_index_refuse_update BEFORE UPDATE ON stream_index
BEGIN SELECT RAISE(ABORT, 'UPDATE on stream_index is refused: an event keeps its place in its stream for ever'); END;
CREATE TRIGGER stream_index_refuse_delete BEFORE DELETE ON stream_index
BEGIN SELECT RAISE(ABORT, 'DELETE on stream_index is refused: an event keeps its place in its stream for ever'); END;

-- Up to where everything is entered.
ALTER TABLE recorder ADD COLUMN indexed_position INTEGER NOT NULL DEFAULT 0 CHECK (indexed_position <= last_position);
UPDATE recorder SET indexed_position = last_position;

-- A table's own key cannot be dropped: the rows move into one without it.
DROP VIEW event;
CREATE TABLE event_log_appended (
    position    INTEGER PRIMARY KEY CHECK (position > 0),
    stream_no   INTEGER NOT NULL,
    version     INTEGER NOT NULL,
    event_id    BLOB    NOT NULL CHECK (length(event_id) = 16),
    type_id     INTEGER NOT NULL,
    schema      INTEGER NOT NULL,
    occurred_on TEXT    NOT NULL,
    recorded_at INTEGER NOT NULL,
    payload     BLOB    NOT NULL,
    metadata    BLOB    NOT NULL,
    hash        BLOB    NOT NULL CHECK (length(hash) = 32)
) STRICT;
INSERT INTO event_log_appended
SELECT position, stream_no, version, event_id, type_id, schema, occurred_on, recorded_at, payload, metadata, hash
FROM event_log ORDER BY position;
DROP TABLE event_log;
ALTER TABLE event_log_appended RENAME TO event_log;

CREATE TRIGGER event_log_refuse_update BEFORE UPDATE ON event_log
BEGIN SELECT RAISE(ABORT, 'UPDATE on event_log is refused: the event log is append-only, corrections are new events'); END;
CREATE TRIGGER event_log_refuse_delete BEFORE DELETE ON event_log
BEGIN SELECT RAISE(ABORT, 'DELETE on event_log is refused: the event log is append-only, corrections are new events'); END;

-- REPLACE would delete the old row without asking the trigger above.
CREATE TRIGGER event_log_refuse_replace BEFORE INSERT ON event_log
WHEN NEW.position <= (SELECT max(position) FROM event_log)
BEGIN SELECT RAISE(ABORT, 'REPLACE on event_log is refused: the event log is append-only, corrections are new events'); END;

-- The log as people read it.
CREATE VIEW event AS
SELECT log.position,
       CASE WHEN stream.kind = 'calendar' THEN stream.kind ELSE stream.kind || '/' || stream.id END AS stream,
       log.version, lower(hex(log.event_id)) AS event_id, event_type.name AS type, log.schema, log.occurred_on,
       strftime('%Y-%m-%dT%H:%M:%S', log.recorded_at / 1000000, 'unixepoch')
           || printf('.%06dZ', log.recorded_at % 1000000) AS recorded_at,
       CAST(log.payload AS TEXT)  AS data,
       CAST(log.metadata AS TEXT) AS metadata,
       lower(hex(log.hash)) AS hash
FROM event_log AS log
LEFT JOIN stream USING (stream_no)
LEFT JOIN event_type USING (type_id);
