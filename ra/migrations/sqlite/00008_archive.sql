-- +goose Up

-- A closed period: what left the live tables together, chained by hashes. The figures
-- are what it adds to the statistics.
CREATE TABLE ra_volume (
    number   INTEGER PRIMARY KEY,
    node     TEXT NOT NULL,
    path     TEXT NOT NULL,
    before   INTEGER NOT NULL,
    made     INTEGER NOT NULL,
    made_by  TEXT NOT NULL,
    records  INTEGER NOT NULL,
    newest   INTEGER NOT NULL,
    previous TEXT NOT NULL,
    digest   TEXT NOT NULL,
    figures  TEXT NOT NULL,
    state    TEXT NOT NULL
) STRICT;

-- One application with everything that belongs to it, as it stood.
CREATE TABLE ra_archived (
    application TEXT PRIMARY KEY,
    volume      INTEGER NOT NULL,
    line        INTEGER NOT NULL,
    path        TEXT NOT NULL,
    holder      TEXT NOT NULL,
    name        TEXT NOT NULL,
    kind        TEXT NOT NULL,
    operation   TEXT NOT NULL,
    state       TEXT NOT NULL,
    serial      TEXT NOT NULL,
    created     INTEGER NOT NULL,
    digest      TEXT NOT NULL,
    record      BLOB NOT NULL
) STRICT;
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
    content    BLOB NOT NULL,
    begins     INTEGER NOT NULL,
    node       TEXT NOT NULL,
    path       TEXT NOT NULL,
    state      TEXT NOT NULL,
    motion     TEXT NOT NULL,
    changed    INTEGER NOT NULL,
    PRIMARY KEY (kind, edition)
) STRICT;

-- +goose Down
DROP TABLE ra_policy;
DROP TABLE ra_archived;
DROP TABLE ra_volume;
