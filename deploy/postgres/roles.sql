-- Two roles: the owner brings the tables up to date, the service records and reads and can change nothing recorded.
--
--   createdb karez
--   psql -d karez -f roles.sql                                                     once, and again after each upgrade, as an administrator
--   karez serve --database postgres://karez_owner@…/karez                          once, and after each upgrade
--   psql -d karez -c "CALL grant_karez_service()"                                  after that, as karez_owner
--   karez serve --database postgres://karez_service@…/karez                        every day
--
-- Give both roles a password or a line in pg_hba.conf; this file sets none.

DO $$
BEGIN
    IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'karez_owner') THEN
        CREATE ROLE karez_owner LOGIN;
    END IF;
    IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'karez_service') THEN
        CREATE ROLE karez_service LOGIN;
    END IF;
END $$;

GRANT CREATE, USAGE ON SCHEMA public TO karez_owner;
GRANT USAGE ON SCHEMA public TO karez_service;

-- What is recorded may be read and added to. Everything beside it (marks, keys, what is derived) may also be changed.
CREATE OR REPLACE PROCEDURE grant_karez_service() LANGUAGE plpgsql AS $$
DECLARE
    recorded regclass;
BEGIN
    GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO karez_service;
    GRANT USAGE ON ALL SEQUENCES IN SCHEMA public TO karez_service;
    FOR recorded IN
        SELECT oid FROM pg_class
        WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p')
          AND (relname LIKE 'event\_log%' OR relname IN ('event_place', 'stream_place', 'stream', 'event_type', 'rejection', 'audited_read', '_sqlx_migrations'))
    LOOP
        EXECUTE format('REVOKE UPDATE, DELETE ON %s FROM karez_service', recorded);
    END LOOP;
END $$;
ALTER PROCEDURE grant_karez_service() OWNER TO karez_owner;
