-- +goose Up

-- The state of each certificate. number is its last journal entry, issued its first.
CREATE TABLE status (
    issuer     TEXT COLLATE "C" NOT NULL,
    serial     TEXT COLLATE "C" NOT NULL,
    state      TEXT             NOT NULL CHECK (state IN ('valid', 'held', 'revoked')),
    number     BIGINT           NOT NULL,
    issued     BIGINT           NOT NULL,
    reason     BIGINT           NOT NULL,
    changed_at BIGINT           NOT NULL, -- milliseconds since 1970, like every time here
    invalidity BIGINT,
    not_after  BIGINT           NOT NULL,
    partition  BIGINT           NOT NULL,
    PRIMARY KEY (issuer, serial)
);

-- What CRLs list. The indexes hold only the few that are not plainly valid, so the
-- millions that are cost nothing.
CREATE INDEX status_listed ON status (issuer, serial) WHERE state IN ('held', 'revoked');
CREATE INDEX status_listed_partition ON status (issuer, partition, serial) WHERE state IN ('held', 'revoked');
CREATE INDEX status_changed ON status (issuer, number) WHERE number > issued;

CREATE TABLE status_journal (
    number     BIGINT           NOT NULL PRIMARY KEY,
    issuer     TEXT COLLATE "C" NOT NULL,
    serial     TEXT COLLATE "C" NOT NULL,
    event      TEXT             NOT NULL CHECK (event IN ('issued', 'held', 'released', 'revoked')),
    reason     BIGINT           NOT NULL,
    at         BIGINT           NOT NULL,
    invalidity BIGINT,
    not_after  BIGINT           NOT NULL,
    partition  BIGINT           NOT NULL
);

CREATE INDEX status_journal_serial ON status_journal (issuer, serial, number) WHERE event <> 'issued';

-- The number of the last journal entry: one row, updated with each entry.
CREATE TABLE status_counter (
    one        BIGINT           NOT NULL PRIMARY KEY CHECK (one = 1),
    n          BIGINT           NOT NULL
);

INSERT INTO status_counter (one, n) VALUES (1, 0);

-- How many certificates are in each state, kept as they change.
CREATE TABLE status_count (
    issuer     TEXT COLLATE "C" NOT NULL,
    state      TEXT             NOT NULL,
    n          BIGINT           NOT NULL,
    PRIMARY KEY (issuer, state)
);
