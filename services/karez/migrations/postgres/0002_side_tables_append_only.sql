-- What the history is read with, and what was refused, cannot be changed either.
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON event_type FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER append_only_truncate BEFORE TRUNCATE ON event_type FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON rejection FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER append_only_truncate BEFORE TRUNCATE ON rejection FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
