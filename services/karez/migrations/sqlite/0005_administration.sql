-- What was changed about accounts, keys and persons, by whom. Secrets never stand here.
CREATE TABLE administration (
    change_no  INTEGER PRIMARY KEY AUTOINCREMENT,
    changed_us INTEGER NOT NULL,
    actor      TEXT NOT NULL,
    what       TEXT NOT NULL,
    subject    TEXT NOT NULL,
    detail     TEXT NOT NULL
) STRICT;
CREATE TRIGGER administration_refuse_update BEFORE UPDATE ON administration
BEGIN SELECT RAISE(ABORT, 'UPDATE on administration is refused: who changed accounts and keys stays known'); END;
CREATE TRIGGER administration_refuse_delete BEFORE DELETE ON administration
BEGIN SELECT RAISE(ABORT, 'DELETE on administration is refused: who changed accounts and keys stays known'); END;
