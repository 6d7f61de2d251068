-- +goose Up

-- A sheet of applications: looked at as a whole before any of it is done.
CREATE TABLE ra_batch (
    id           TEXT PRIMARY KEY,
    node         TEXT NOT NULL,
    path         TEXT COLLATE "C" NOT NULL,
    name         TEXT NOT NULL,
    digest       TEXT NOT NULL,
    kind         TEXT NOT NULL,
    profile      TEXT NOT NULL,
    key_from     TEXT NOT NULL,
    days         BIGINT NOT NULL,
    single       BIGINT NOT NULL,
    suite        TEXT NOT NULL,
    state        TEXT NOT NULL,
    version      BIGINT NOT NULL,
    total        BIGINT NOT NULL,
    faulty       BIGINT NOT NULL,
    registered   BIGINT NOT NULL,
    failed       BIGINT NOT NULL,
    stopped      TEXT NOT NULL,
    created      BIGINT NOT NULL,
    created_by   TEXT NOT NULL,
    confirmed_by TEXT NOT NULL,
    actor        TEXT NOT NULL,
    changed      BIGINT NOT NULL
);
CREATE INDEX ra_batch_path ON ra_batch (path, created);
CREATE INDEX ra_batch_waiting ON ra_batch (state, created) WHERE state IN ('checked', 'running');

-- A row becomes at most one application, in the transaction that makes it. What it
-- says is sealed, and forgotten as soon as it stands in the application.
CREATE TABLE ra_batch_row (
    batch       TEXT NOT NULL,
    number      BIGINT NOT NULL,
    state       TEXT NOT NULL,
    name        TEXT NOT NULL,
    sealed      BYTEA,
    application TEXT NOT NULL,
    PRIMARY KEY (batch, number)
);
CREATE UNIQUE INDEX ra_batch_row_application ON ra_batch_row (application) WHERE application <> '';
CREATE INDEX ra_batch_row_state ON ra_batch_row (batch, state, number);

-- What is wrong with rows; never what stands in them.
CREATE TABLE ra_batch_fault (
    batch  TEXT NOT NULL,
    number BIGINT NOT NULL,
    place  BIGINT NOT NULL,
    field  TEXT NOT NULL,
    cell   TEXT NOT NULL,
    code   TEXT NOT NULL,
    wrong  TEXT NOT NULL,
    remedy TEXT NOT NULL,
    PRIMARY KEY (batch, number, place)
);

-- +goose Down
DROP TABLE ra_batch_fault;
DROP TABLE ra_batch_row;
DROP TABLE ra_batch;
