-- The event log on PostgreSQL. What the columns mean is said in services/karez/src/store.rs.
--
-- Appending only is enforced twice: by the triggers below, which stop everybody, and by the rights of the
-- service's role (deploy/postgres/roles.sql), which has no UPDATE, DELETE or TRUNCATE on event_log and owns nothing.

-- The names of event types, so that SQL can show them; filled from the vocabulary when karez starts.
CREATE TABLE event_type (
    type_id smallint PRIMARY KEY,
    name    text     NOT NULL UNIQUE
);

-- The streams. stream_no is the position of the stream's first event: unique without a sequence. A stream's head is
-- its highest version in event_log; kept here as well it would cost more with every event than the event itself.
CREATE TABLE stream (
    stream_no bigint PRIMARY KEY,
    kind      text   NOT NULL CHECK (kind IN ('fund', 'project', 'unit', 'warning', 'calendar')),
    id        text   NOT NULL,
    UNIQUE (kind, id)
);

-- Partitioned by position, so that the indexes being written stay small and appending stays flat as the log grows.
-- payload and metadata are the exact bytes that were hashed; jsonb would cost twice as much and reorder them.
CREATE TABLE event_log (
    position    bigint      NOT NULL PRIMARY KEY CHECK (position > 0),
    stream_no   bigint      NOT NULL,
    version     int         NOT NULL,
    event_id    uuid        NOT NULL,
    type_id     smallint    NOT NULL,
    schema      smallint    NOT NULL,
    occurred_on date        NOT NULL,
    recorded_at timestamptz NOT NULL,
    payload     bytea       NOT NULL,
    metadata    bytea       NOT NULL,
    hash        bytea       NOT NULL CHECK (length(hash) = 32)
) PARTITION BY RANGE (position);

CREATE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '% on % is refused: the event log is append-only, corrections are new events', TG_OP, TG_TABLE_NAME
        USING ERRCODE = 'insufficient_privilege';
END $$;

-- Row triggers reach every partition by themselves; TRUNCATE needs one on each table.
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON event_log FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER append_only_truncate BEFORE TRUNCATE ON event_log FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON stream FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER append_only_truncate BEFORE TRUNCATE ON stream FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

-- Makes the partition that holds positions [number × 1,000,000, (number + 1) × 1,000,000), if it is not there.
-- The table is made first and then attached: attaching does not stop readers, CREATE … PARTITION OF would.
-- SECURITY DEFINER, so that the service's role can add partitions without owning the log.
CREATE FUNCTION make_event_log_partition(number bigint) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path FROM CURRENT AS $$
DECLARE
    name text := 'event_log_' || lpad(number::text, 6, '0');
BEGIN
    IF to_regclass(name) IS NOT NULL THEN
        RETURN;
    END IF;
    EXECUTE format('CREATE TABLE %I (LIKE event_log INCLUDING ALL)', name);
    EXECUTE format('CREATE UNIQUE INDEX %I ON %I (stream_no, version)', name || '_stream_no_version_key', name);
    EXECUTE format('CREATE TRIGGER append_only_truncate BEFORE TRUNCATE ON %I FOR EACH STATEMENT '
                   'EXECUTE FUNCTION refuse_change()', name);
    EXECUTE format('ALTER TABLE event_log ATTACH PARTITION %I FOR VALUES FROM (%s) TO (%s)',
                   name, number * 1000000, (number + 1) * 1000000);
END $$;
SELECT make_event_log_partition(0);

-- An event id occurs once, for ever; partitions cannot hold such a key, so it has a table of its own.
CREATE TABLE event_seen (
    event_id uuid   PRIMARY KEY,
    position bigint NOT NULL
);
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON event_seen FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER append_only_truncate BEFORE TRUNCATE ON event_seen FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

-- One row: the fence. Every append moves it in its own transaction; a recorder whose epoch has passed moves nothing and stops.
CREATE TABLE recorder (
    log                text   PRIMARY KEY CHECK (log = 'main'),
    hash_algorithm     text   NOT NULL,
    epoch              bigint NOT NULL DEFAULT 0,
    holder             text   NOT NULL DEFAULT '',
    last_position      bigint NOT NULL DEFAULT 0,
    last_hash          bytea  NOT NULL DEFAULT decode(repeat('00', 32), 'hex'),
    last_intake_seq    bigint NOT NULL DEFAULT 0,
    published_position bigint NOT NULL DEFAULT 0
) WITH (fillfactor = 10);

-- Every refused submission with its reason: nothing that was sent is lost.
CREATE TABLE rejection (
    rejection_no bigint      GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    rejection_id uuid        NOT NULL UNIQUE,
    event_id     uuid,
    stream       text,
    received_at  timestamptz NOT NULL,
    source       text        NOT NULL,
    code         text        NOT NULL,
    pointer      text        NOT NULL,
    message_zh   text        NOT NULL,
    message_en   text        NOT NULL,
    content      bytea       NOT NULL,
    actor        text,
    source_row   text
);
CREATE INDEX rejection_event_id ON rejection (event_id) WHERE event_id IS NOT NULL;

-- Folded state, for fast starts; derived, never the truth. In parts, so that no value comes near the limit of a field.
CREATE TABLE snapshot (
    position   bigint NOT NULL,
    format     text   NOT NULL,
    parts      int    NOT NULL,
    digest     bytea  NOT NULL,
    PRIMARY KEY (position, format)
);
CREATE TABLE snapshot_part (
    position bigint NOT NULL,
    format   text   NOT NULL,
    part     int    NOT NULL,
    bytes    bytea  NOT NULL,
    PRIMARY KEY (position, format, part)
);
ALTER TABLE snapshot_part ALTER COLUMN bytes SET STORAGE EXTERNAL; -- compressed by the writer already

-- One key a person; destroying it (key becomes null) makes the person's sealed fields unreadable for ever.
CREATE TABLE person_key (
    person       text PRIMARY KEY,
    key          bytea CHECK (length(key) = 32),
    destroyed_at timestamptz
);

-- What belongs to this store and to no configuration file: the secret behind pseudonyms, marks of finished work.
CREATE TABLE setting (
    name  text  PRIMARY KEY,
    value bytea NOT NULL
);

-- The log as people read it.
CREATE VIEW event AS
SELECT log.position,
       CASE WHEN stream.kind = 'calendar' THEN stream.kind ELSE stream.kind || '/' || stream.id END AS stream,
       log.version, log.event_id, event_type.name AS type, log.schema, log.occurred_on, log.recorded_at,
       convert_from(log.payload, 'UTF8')::jsonb  AS data,
       convert_from(log.metadata, 'UTF8')::jsonb AS metadata,
       encode(log.hash, 'hex') AS hash
FROM event_log AS log
LEFT JOIN stream USING (stream_no)
LEFT JOIN event_type USING (type_id);
