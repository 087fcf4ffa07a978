-- People who sign in, and what they may do. Instants are microseconds since 1970, UTC.
CREATE TABLE account (
    name                 TEXT PRIMARY KEY,
    role                 TEXT NOT NULL CHECK (role IN ('finance', 'unit', 'auditor', 'supervisor', 'admin')),
    unit                 TEXT CHECK ((role = 'unit') = (unit IS NOT NULL)),
    password_hash        TEXT NOT NULL,
    must_change_password BOOLEAN NOT NULL,
    failed_attempts      INTEGER NOT NULL DEFAULT 0,
    locked_until_us      BIGINT,
    is_active            BOOLEAN NOT NULL DEFAULT TRUE,
    created_us           BIGINT NOT NULL
);

-- Who is signed in. The cookie holds the id; only its hash is kept.
CREATE TABLE session (
    session_hash BYTEA PRIMARY KEY,
    account      TEXT NOT NULL REFERENCES account (name),
    expires_us   BIGINT NOT NULL
);
CREATE INDEX session_account ON session (account);

-- Programs. The key is shown once; only its hash is kept.
CREATE TABLE api_key (
    key_id       TEXT PRIMARY KEY,
    secret_hash  BYTEA NOT NULL,
    label        TEXT NOT NULL,
    role         TEXT NOT NULL CHECK (role IN ('finance', 'unit', 'auditor', 'supervisor', 'admin')),
    unit         TEXT CHECK ((role = 'unit') = (unit IS NOT NULL)),
    created_us   BIGINT NOT NULL,
    expires_us   BIGINT,
    revoked_us   BIGINT,
    last_used_us BIGINT
);
-- A label stands for one program in the log, so two keys in force never share it.
CREATE UNIQUE INDEX api_key_label ON api_key (label) WHERE revoked_us IS NULL;

-- What auditors looked at.
CREATE TABLE audited_read (
    read_no BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    read_us BIGINT NOT NULL,
    reader  TEXT NOT NULL,
    address TEXT NOT NULL,
    status  INTEGER NOT NULL
);
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON audited_read FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER append_only_truncate BEFORE TRUNCATE ON audited_read FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
