-- +goose Up

-- The state of each certificate. number is its last journal entry, issued its first.
CREATE TABLE status (
    issuer     TEXT    NOT NULL,
    serial     TEXT    NOT NULL,
    state      TEXT    NOT NULL CHECK (state IN ('valid', 'held', 'revoked')),
    number     INTEGER NOT NULL,
    issued     INTEGER NOT NULL,
    reason     INTEGER NOT NULL,
    changed_at INTEGER NOT NULL, -- milliseconds since 1970, like every time here
    invalidity INTEGER,
    not_after  INTEGER NOT NULL,
    partition  INTEGER NOT NULL,
    PRIMARY KEY (issuer, serial)
) STRICT, WITHOUT ROWID;

-- What CRLs list. The indexes hold only the few that are not plainly valid, so the
-- millions that are cost nothing.
CREATE INDEX status_listed ON status (issuer, serial) WHERE state IN ('held', 'revoked');
CREATE INDEX status_listed_partition ON status (issuer, partition, serial) WHERE state IN ('held', 'revoked');
CREATE INDEX status_changed ON status (issuer, number) WHERE number > issued;

CREATE TABLE status_journal (
    number     INTEGER NOT NULL PRIMARY KEY,
    issuer     TEXT    NOT NULL,
    serial     TEXT    NOT NULL,
    event      TEXT    NOT NULL CHECK (event IN ('issued', 'held', 'released', 'revoked')),
    reason     INTEGER NOT NULL,
    at         INTEGER NOT NULL,
    invalidity INTEGER,
    not_after  INTEGER NOT NULL,
    partition  INTEGER NOT NULL
) STRICT;

CREATE INDEX status_journal_serial ON status_journal (issuer, serial, number) WHERE event <> 'issued';

-- The number of the last journal entry: one row, updated with each entry.
CREATE TABLE status_counter (
    one INTEGER NOT NULL PRIMARY KEY CHECK (one = 1),
    n   INTEGER NOT NULL
) STRICT;

INSERT INTO status_counter (one, n) VALUES (1, 0);

-- How many certificates are in each state, kept as they change.
CREATE TABLE status_count (
    issuer TEXT    NOT NULL,
    state  TEXT    NOT NULL,
    n      INTEGER NOT NULL,
    PRIMARY KEY (issuer, state)
) STRICT, WITHOUT ROWID;
