-- The event log on SQLite. What the columns mean is said in services/karez/src/store.rs.
-- recorded_at is in microseconds since 1970-01-01 UTC; dates are text (2024-03-01); ids are 16 bytes.
-- Triggers refuse every change of what has been recorded.

-- The names of event types, so that SQL can show them; filled from the vocabulary when karez starts.
CREATE TABLE event_type (
    type_id INTEGER PRIMARY KEY,
    name    TEXT NOT NULL UNIQUE
) STRICT;

-- The streams. stream_no is the position of the stream's first event; a stream's head is its highest version in event_log.
CREATE TABLE stream (
    stream_no INTEGER PRIMARY KEY,
    kind      TEXT NOT NULL CHECK (kind IN ('fund', 'project', 'unit', 'warning', 'calendar')),
    id        TEXT NOT NULL,
    UNIQUE (kind, id)
) STRICT;

CREATE TRIGGER stream_refuse_update BEFORE UPDATE ON stream
BEGIN SELECT RAISE(ABORT, 'UPDATE on stream is refused: a stream keeps its name for ever'); END;
CREATE TRIGGER stream_refuse_delete BEFORE DELETE ON stream
BEGIN SELECT RAISE(ABORT, 'DELETE on stream is refused: a stream keeps its name for ever'); END;

CREATE TABLE event_log (
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
    hash        BLOB    NOT NULL CHECK (length(hash) = 32),
    UNIQUE (stream_no, version)
) STRICT;

CREATE TRIGGER event_log_refuse_update BEFORE UPDATE ON event_log
BEGIN SELECT RAISE(ABORT, 'UPDATE on event_log is refused: the event log is append-only, corrections are new events'); END;
CREATE TRIGGER event_log_refuse_delete BEFORE DELETE ON event_log
BEGIN SELECT RAISE(ABORT, 'DELETE on event_log is refused: the event log is append-only, corrections are new events'); END;

-- REPLACE would delete the old row without asking the trigger above.
CREATE TRIGGER event_log_refuse_replace BEFORE INSERT ON event_log
WHEN NEW.position <= (SELECT max(position) FROM event_log)
BEGIN SELECT RAISE(ABORT, 'REPLACE on event_log is refused: the event log is append-only, corrections are new events'); END;

-- An event id occurs once, for ever.
CREATE TABLE event_seen (
    event_id BLOB    PRIMARY KEY,
    position INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TRIGGER event_seen_refuse_update BEFORE UPDATE ON event_seen
BEGIN SELECT RAISE(ABORT, 'UPDATE on event_seen is refused: an event id is taken for ever'); END;
CREATE TRIGGER event_seen_refuse_delete BEFORE DELETE ON event_seen
BEGIN SELECT RAISE(ABORT, 'DELETE on event_seen is refused: an event id is taken for ever'); END;

-- One row: the fence. Every append moves it in its own transaction; a recorder whose epoch has passed moves nothing and stops.
CREATE TABLE recorder (
    log                TEXT    PRIMARY KEY CHECK (log = 'main'),
    hash_algorithm     TEXT    NOT NULL,
    epoch              INTEGER NOT NULL DEFAULT 0,
    holder             TEXT    NOT NULL DEFAULT '',
    last_position      INTEGER NOT NULL DEFAULT 0,
    last_hash          BLOB    NOT NULL DEFAULT (zeroblob(32)),
    last_intake_seq    INTEGER NOT NULL DEFAULT 0,
    published_position INTEGER NOT NULL DEFAULT 0
) STRICT;

-- Every refused submission with its reason: nothing that was sent is lost.
CREATE TABLE rejection (
    rejection_no INTEGER PRIMARY KEY AUTOINCREMENT,
    rejection_id BLOB NOT NULL UNIQUE,
    event_id     BLOB,
    stream       TEXT,
    received_at  TEXT NOT NULL,
    source       TEXT NOT NULL,
    code         TEXT NOT NULL,
    pointer      TEXT NOT NULL,
    message_zh   TEXT NOT NULL,
    message_en   TEXT NOT NULL,
    content      BLOB NOT NULL,
    actor        TEXT,
    source_row   TEXT
) STRICT;
CREATE INDEX rejection_event_id ON rejection (event_id) WHERE event_id IS NOT NULL;

-- Folded state, for fast starts; derived, never the truth. In parts, so that no value comes near the limit of a field.
CREATE TABLE snapshot (
    position INTEGER NOT NULL,
    format   TEXT    NOT NULL,
    parts    INTEGER NOT NULL,
    digest   BLOB    NOT NULL,
    PRIMARY KEY (position, format)
) STRICT;
CREATE TABLE snapshot_part (
    position INTEGER NOT NULL,
    format   TEXT    NOT NULL,
    part     INTEGER NOT NULL,
    bytes    BLOB    NOT NULL,
    PRIMARY KEY (position, format, part)
) STRICT;

-- One key a person; destroying it (key becomes null) makes the person's sealed fields unreadable for ever.
CREATE TABLE person_key (
    person       TEXT PRIMARY KEY,
    key          BLOB CHECK (length(key) = 32),
    destroyed_at TEXT
) STRICT;

-- What belongs to this store and to no configuration file: the secret behind pseudonyms, marks of finished work.
CREATE TABLE setting (
    name  TEXT PRIMARY KEY,
    value BLOB NOT NULL
) STRICT;

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
