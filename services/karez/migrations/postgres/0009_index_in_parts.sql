-- The entries of a million positions lie together, as a part of its own: what is entered falls all over one part and no longer
-- all over the index, so that entering costs the same however long the log is. Whoever looks for an id asks each part.

-- No recorder of an earlier version records from here on: what it would enter must not be missed below.
LOCK TABLE recorder IN ACCESS EXCLUSIVE MODE;

ALTER TABLE event_index RENAME TO event_index_undivided;
ALTER INDEX event_index_pkey RENAME TO event_index_undivided_pkey;
ALTER TABLE stream_index RENAME TO stream_index_undivided;
ALTER INDEX stream_index_pkey RENAME TO stream_index_undivided_pkey;

CREATE TABLE event_index (
    part     bigint NOT NULL,
    event_id uuid   NOT NULL,
    position bigint NOT NULL,
    CHECK (part = position / 1000000)
);
INSERT INTO event_index (part, event_id, position)
SELECT position / 1000000, event_id, position FROM event_index_undivided;
ALTER TABLE event_index ADD PRIMARY KEY (part, event_id);
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON event_index FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER append_only_truncate BEFORE TRUNCATE ON event_index FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

CREATE TABLE stream_index (
    part      bigint NOT NULL,
    stream_no bigint NOT NULL,
    version   bigint NOT NULL,
    position  bigint NOT NULL,
    CHECK (part = position / 1000000)
);
INSERT INTO stream_index (part, stream_no, version, position)
SELECT position / 1000000, stream_no, version, position FROM stream_index_undivided;
ALTER TABLE stream_index ADD PRIMARY KEY (part, stream_no, version);
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON stream_index FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER append_only_truncate BEFORE TRUNCATE ON stream_index FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

-- Who may use the undivided tables may use these.
DO $$
DECLARE
    may record;
BEGIN
    FOR may IN SELECT table_name, grantee, privilege_type FROM information_schema.role_table_grants
               WHERE table_schema = current_schema AND grantee <> current_user
               AND table_name IN ('event_index_undivided', 'stream_index_undivided') LOOP
        EXECUTE format('GRANT %s ON %I TO %I', may.privilege_type, replace(may.table_name, '_undivided', ''), may.grantee);
    END LOOP;
END $$;

DROP TABLE event_index_undivided;
DROP TABLE stream_index_undivided;
