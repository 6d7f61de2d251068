-- +goose Up

-- What else the holder of an application had in other branches when a second
-- certificate was asked for: kind, state, end and region, for who reviews it.
CREATE TABLE ra_other (
    application TEXT PRIMARY KEY,
    others      TEXT NOT NULL,
    at          BIGINT NOT NULL
);

-- What takes more than one person: proposed by one, consented to by others.
CREATE TABLE ra_motion (
    id          TEXT PRIMARY KEY,
    kind        TEXT NOT NULL,
    object      TEXT NOT NULL,
    detail      TEXT NOT NULL,
    reason      TEXT NOT NULL,
    path        TEXT COLLATE "C" NOT NULL,
    state       TEXT NOT NULL,
    needs       INTEGER NOT NULL,
    proposed_by TEXT NOT NULL,
    consents    TEXT NOT NULL,
    note        TEXT NOT NULL,
    created     BIGINT NOT NULL,
    changed     BIGINT NOT NULL,
    version     INTEGER NOT NULL
);
CREATE INDEX ra_motion_state ON ra_motion (state, created);
CREATE INDEX ra_motion_object ON ra_motion (kind, object);

-- +goose Down
DROP TABLE ra_motion;
DROP TABLE ra_other;
