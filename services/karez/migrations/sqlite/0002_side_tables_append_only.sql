-- What the history is read with, and what was refused, cannot be changed either.
CREATE TRIGGER event_type_refuse_update BEFORE UPDATE ON event_type
BEGIN SELECT RAISE(ABORT, 'UPDATE on event_type is refused: a number stands for one type for ever'); END;
CREATE TRIGGER event_type_refuse_delete BEFORE DELETE ON event_type
BEGIN SELECT RAISE(ABORT, 'DELETE on event_type is refused: a number stands for one type for ever'); END;
CREATE TRIGGER rejection_refuse_update BEFORE UPDATE ON rejection
BEGIN SELECT RAISE(ABORT, 'UPDATE on rejection is refused: what was refused is kept as it was sent'); END;
CREATE TRIGGER rejection_refuse_delete BEFORE DELETE ON rejection
BEGIN SELECT RAISE(ABORT, 'DELETE on rejection is refused: what was refused is kept as it was sent'); END;
