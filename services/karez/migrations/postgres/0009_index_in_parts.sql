-- The entries of a million positions lie together, as a part of its own: what is entered falls all over one part and no longer
-- all over the index, so that entering costs the same however long the log is. Whoever looks for an id asks each part.
-- Under other names: a recorder of an earlier version that is still running must not believe that it has entered something.

-- Nothing is recorded while this runs: what would be entered meanwhile must not be missed below.
LOCK TABLE recorder IN ACCESS EXCLUSIVE MODE;

-- Where each event is.
CREATE TABLE event_place (
    part     bigint NOT NULL,
    event_id uuid   NOT NULL,
    position bigint NOT NULL,
    CHECK (part = position / 1000000)
);
INSERT INTO event_place (part, event_id, position)
SELECT position / 1000000, event_id, position FROM event_index;
ALTER TABLE event_place ADD PRIMARY KEY (part, event_id);
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON event_place FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER append_only_truncate BEFORE TRUNCATE ON event_place FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

-- Where each version of a stream is.
CREATE TABLE stream_place (
    part      bigint NOT NULL,
    stream_no bigint NOT NULL,
    version   bigint NOT NULL,
    position  bigint NOT NULL,
    CHECK (part = position / 1000000)
);
INSERT INTO stream_place (part, stream_no, version, position)
SELECT position / 1000000, stream_no, version, position FROM stream_index;
ALTER TABLE stream_place ADD PRIMARY KEY (part, stream_no, version);
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON stream_place FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER append_only_truncate BEFORE TRUNCATE ON stream_place FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

-- Who may use the undivided tables may use these.
DO $$
DECLARE
    may record;
BEGIN
    FOR may IN SELECT replace(table_name, '_index', '_place') AS place, privilege_type,
                      CASE grantee WHEN 'PUBLIC' THEN 'PUBLIC' ELSE quote_ident(grantee) END AS who
               FROM information_schema.role_table_grants
               WHERE table_schema = current_schema AND table_name IN ('event_index', 'stream_index')
               AND grantee <> current_user LOOP
        EXECUTE format('GRANT %s ON %I TO %s', may.privilege_type, may.place, may.who);
    END LOOP;
END $$;

DROP TABLE event_index;
DROP TABLE stream_index;
