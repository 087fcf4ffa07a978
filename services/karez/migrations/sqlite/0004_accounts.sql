-- People who sign in, and what they may do. Instants are microseconds since 1970, UTC.
CREATE TABLE account (
    name                 TEXT PRIMARY KEY,
    role                 TEXT NOT NULL CHECK (role IN ('finance', 'unit', 'auditor', 'supervisor', 'admin')),
    unit                 TEXT CHECK ((role = 'unit') = (unit IS NOT NULL)),
    password_hash        TEXT NOT NULL,
    must_change_password INTEGER NOT NULL CHECK (must_change_password IN (0, 1)),
    failed_attempts      INTEGER NOT NULL DEFAULT 0,
    locked_until_us      INTEGER,
    is_active            INTEGER NOT NULL DEFAULT 1 CHECK (is_active IN (0, 1)),
    created_us           INTEGER NOT NULL
) STRICT;

-- Who is signed in. The cookie holds the id; only its hash is kept.
CREATE TABLE session (
    session_hash BLOB PRIMARY KEY,
    account      TEXT NOT NULL REFERENCES account (name),
    expires_us   INTEGER NOT NULL
) STRICT;
CREATE INDEX session_account ON session (account);

-- Programs. The key is shown once; only its hash is kept.
CREATE TABLE api_key (
    key_id       TEXT PRIMARY KEY,
    secret_hash  BLOB NOT NULL,
    label        TEXT NOT NULL,
    role         TEXT NOT NULL CHECK (role IN ('finance', 'unit', 'auditor', 'supervisor', 'admin')),
    unit         TEXT CHECK ((role = 'unit') = (unit IS NOT NULL)),
    created_us   INTEGER NOT NULL,
    expires_us   INTEGER,
    revoked_us   INTEGER,
    last_used_us INTEGER
) STRICT;
-- A label stands for one program in the log, so two keys in force never share it.
CREATE UNIQUE INDEX api_key_label ON api_key (label) WHERE revoked_us IS NULL;

-- What auditors looked at.
CREATE TABLE audited_read (
    read_no INTEGER PRIMARY KEY AUTOINCREMENT,
    read_us INTEGER NOT NULL,
    reader  TEXT NOT NULL,
    address TEXT NOT NULL,
    status  INTEGER NOT NULL
) STRICT;
CREATE TRIGGER audited_read_refuse_update BEFORE UPDATE ON audited_read
BEGIN SELECT RAISE(ABORT, 'UPDATE on audited_read is refused: what an auditor looked at stays known'); END;
CREATE TRIGGER audited_read_refuse_delete BEFORE DELETE ON audited_read
BEGIN SELECT RAISE(ABORT, 'DELETE on audited_read is refused: what an auditor looked at stays known'); END;
