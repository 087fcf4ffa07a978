-- Signed checkpoints of the log, each with the size of the tree that it stands for: what was signed stays signed.
CREATE TABLE checkpoint (
    tree_size BIGINT PRIMARY KEY CHECK (tree_size >= 0),
    note      TEXT   NOT NULL,
    made_us   BIGINT NOT NULL
);
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON checkpoint FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER append_only_truncate BEFORE TRUNCATE ON checkpoint FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
