-- +goose Up

-- A closed period: what left the live tables together, chained by hashes. The figures
-- are what it adds to the statistics.
CREATE TABLE ra_volume (
    number   BIGINT PRIMARY KEY,
    node     TEXT NOT NULL,
    path     TEXT COLLATE "C" NOT NULL,
    before   BIGINT NOT NULL,
    made     BIGINT NOT NULL,
    made_by  TEXT NOT NULL,
    records  INTEGER NOT NULL,
    newest   BIGINT NOT NULL,
    previous TEXT NOT NULL,
    digest   TEXT NOT NULL,
    figures  TEXT NOT NULL,
    state    TEXT NOT NULL
);

-- One application with everything that belongs to it, as it stood.
CREATE TABLE ra_archived (
    application TEXT PRIMARY KEY,
    volume      BIGINT NOT NULL,
    line        INTEGER NOT NULL,
    path        TEXT COLLATE "C" NOT NULL,
    holder      TEXT NOT NULL,
    name        TEXT NOT NULL,
    kind        TEXT NOT NULL,
    operation   TEXT NOT NULL,
    state       TEXT NOT NULL,
    serial      TEXT NOT NULL,
    created     BIGINT NOT NULL,
    digest      TEXT NOT NULL,
    record      BYTEA NOT NULL
);
CREATE UNIQUE INDEX ra_archived_volume ON ra_archived (volume, line);
CREATE INDEX ra_archived_holder ON ra_archived (holder) WHERE holder <> '';
CREATE INDEX ra_archived_serial ON ra_archived (serial) WHERE serial <> '';
CREATE INDEX ra_archived_name ON ra_archived (name);

CREATE INDEX ra_holder_cancelled ON ra_holder (id) WHERE state = 'cancelled';

INSERT INTO ra_counter (name, number) VALUES ('volume', 0);

-- Versions of the practice statement and certificate policies.
CREATE TABLE ra_policy (
    kind       TEXT NOT NULL,
    oid        TEXT NOT NULL,
    edition    TEXT NOT NULL,
    title      TEXT NOT NULL,
    media_type TEXT NOT NULL,
    digest     TEXT NOT NULL,
    content    BYTEA NOT NULL,
    begins     BIGINT NOT NULL,
    node       TEXT NOT NULL,
    path       TEXT COLLATE "C" NOT NULL,
    state      TEXT NOT NULL,
    motion     TEXT NOT NULL,
    changed    BIGINT NOT NULL,
    PRIMARY KEY (kind, edition)
);

-- +goose Down
DROP TABLE ra_policy;
DROP TABLE ra_archived;
DROP TABLE ra_volume;
