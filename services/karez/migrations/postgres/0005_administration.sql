-- What was changed about accounts, keys and persons, by whom. Secrets never stand here.
CREATE TABLE administration (
    change_no  BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    changed_us BIGINT NOT NULL,
    actor      TEXT NOT NULL,
    what       TEXT NOT NULL,
    subject    TEXT NOT NULL,
    detail     TEXT NOT NULL
);
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON administration FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER append_only_truncate BEFORE TRUNCATE ON administration FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
