-- Ids and versions of streams fall all over their tables. They are entered behind the log from here on, many at once and in
-- order; until then they are found in the log itself. The table of the log keeps no key but the position, to which rows are
-- only appended: the writer, who alone appends, asks index and log before it records.

-- No recorder of an earlier version records from here on: what it would add must not be missed below.
LOCK TABLE recorder IN ACCESS EXCLUSIVE MODE;

-- Under another name: one that is still running must not decide by half of what is known.
ALTER TABLE event_seen RENAME TO event_index;
ALTER INDEX event_seen_pkey RENAME TO event_index_pkey;

-- Where each version of a stream lies.
CREATE TABLE stream_index (
    stream_no bigint NOT NULL,
    version   bigint NOT NULL,
    position  bigint NOT NULL,
    PRIMARY KEY (stream_no, version)
);
INSERT INTO stream_index (stream_no, version, position)
SELECT stream_no, version, position FROM event_log ORDER BY stream_no, version;
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON stream_index FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER append_only_truncate BEFORE TRUNCATE ON stream_index FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

-- Who may use the one table of the index may use the other.
DO $$
DECLARE
    may record;
BEGIN
    FOR may IN SELECT grantee, privilege_type FROM information_schema.role_table_grants
               WHERE table_schema = current_schema AND table_name = 'event_index' AND grantee <> current_user LOOP
        EXECUTE format('GRANT %s ON stream_index TO %I', may.privilege_type, may.grantee);
    END LOOP;
END $$;

-- Up to where everything is entered.
ALTER TABLE recorder ADD COLUMN indexed_position bigint NOT NULL DEFAULT 0 CHECK (indexed_position <= last_position);
UPDATE recorder SET indexed_position = last_position;

DO $$
DECLARE
    partition regclass;
BEGIN
    FOR partition IN SELECT inhrelid FROM pg_inherits WHERE inhparent = 'event_log'::regclass LOOP
        EXECUTE format('DROP INDEX %I', (SELECT relname FROM pg_class WHERE oid = partition) || '_stream_no_version_key');
    END LOOP;
END $$;

-- As before, without the index.
CREATE OR REPLACE FUNCTION make_event_log_partition(number bigint) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path FROM CURRENT AS $$
DECLARE
    name text := 'event_log_' || lpad(number::text, 6, '0');
BEGIN
    IF to_regclass(name) IS NOT NULL THEN
        RETURN;
    END IF;
    EXECUTE format('CREATE TABLE %I (LIKE event_log INCLUDING ALL)', name);
    EXECUTE format('CREATE TRIGGER append_only_truncate BEFORE TRUNCATE ON %I FOR EACH STATEMENT '
                   'EXECUTE FUNCTION refuse_change()', name);
    EXECUTE format('ALTER TABLE event_log ATTACH PARTITION %I FOR VALUES FROM (%s) TO (%s)',
                   name, number * 1000000, (number + 1) * 1000000);
END $$;
