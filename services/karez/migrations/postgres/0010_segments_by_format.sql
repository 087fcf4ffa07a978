-- Segments say in which format they are packed, so that those of another are written anew in place of being read. The default is
-- that of a recorder of an earlier version, which may still be running.
ALTER TABLE sealed_segment ADD COLUMN format smallint NOT NULL DEFAULT 1;
