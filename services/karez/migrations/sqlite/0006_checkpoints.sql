-- Signed checkpoints of the log, each with the size of the tree that it stands for: what was signed stays signed.
CREATE TABLE checkpoint (
    tree_size INTEGER PRIMARY KEY CHECK (tree_size >= 0),
    note      TEXT    NOT NULL,
    made_us   INTEGER NOT NULL
) STRICT;
CREATE TRIGGER checkpoint_refuse_update BEFORE UPDATE ON checkpoint
BEGIN SELECT RAISE(ABORT, 'UPDATE on checkpoint is refused: what was signed stays signed'); END;
CREATE TRIGGER checkpoint_refuse_delete BEFORE DELETE ON checkpoint
BEGIN SELECT RAISE(ABORT, 'DELETE on checkpoint is refused: what was signed stays signed'); END;
-- REPLACE would delete the old row without asking the trigger above.
CREATE TRIGGER checkpoint_refuse_replace BEFORE INSERT ON checkpoint
WHEN EXISTS (SELECT 1 FROM checkpoint WHERE tree_size = NEW.tree_size)
BEGIN SELECT RAISE(IGNORE); END;
