-- What is to be delivered, once for each warning's step and receiver. Instants are microseconds since 1970, UTC.
CREATE TABLE outbox (
    outbox_no     INTEGER PRIMARY KEY AUTOINCREMENT,
    message_id    BLOB NOT NULL UNIQUE,
    receiver      TEXT NOT NULL,
    message       TEXT NOT NULL,
    created_us    INTEGER NOT NULL,
    state         TEXT NOT NULL DEFAULT 'waiting'
                  CHECK (state IN ('waiting', 'delivered', 'given_up', 'not_needed')),
    attempts      INTEGER NOT NULL DEFAULT 0,
    next_try_us   INTEGER NOT NULL,
    claimed_us    INTEGER
) STRICT;
CREATE INDEX outbox_waiting ON outbox (next_try_us) WHERE state = 'waiting';

-- Every try, for whoever asks whether a message went out.
CREATE TABLE delivery (
    delivery_no INTEGER PRIMARY KEY AUTOINCREMENT,
    message_id  BLOB NOT NULL REFERENCES outbox (message_id),
    tried_us    INTEGER NOT NULL,
    outcome     TEXT NOT NULL,
    detail      TEXT NOT NULL
) STRICT;
CREATE INDEX delivery_message ON delivery (message_id);
