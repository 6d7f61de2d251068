-- +goose Up

-- What happened, counted as it happens, at a node and below it. A period is a day
-- (20261123), a month (202611) or 0: how many there are now. waited is the sum of the
-- milliseconds between the event and the one before it.
CREATE TABLE ra_figure (
    node      TEXT NOT NULL,
    period    INTEGER NOT NULL,
    operation TEXT NOT NULL,
    kind      TEXT NOT NULL,
    event     TEXT NOT NULL,
    times     BIGINT NOT NULL,
    waited    BIGINT NOT NULL,
    PRIMARY KEY (node, period, operation, kind, event)
);

-- A list of one kind is one walk, too; one of all kinds is a few.
DROP TABLE ra_place;
CREATE TABLE ra_place (
    node        TEXT NOT NULL,
    state       TEXT NOT NULL,
    kind        TEXT NOT NULL,
    created     BIGINT NOT NULL,
    application TEXT NOT NULL,
    PRIMARY KEY (node, state, kind, created, application)
);
INSERT INTO ra_place (node, state, kind, created, application)
    SELECT n.id, a.state, a.kind, a.created, a.id FROM ra_application a JOIN ra_node n ON a.path >= n.path AND a.path < n.path || '~';

-- Certificates are listed by name: at one node, or everywhere, of one state.
DROP INDEX ra_certificate_name;
ALTER TABLE ra_certificate ALTER COLUMN name TYPE TEXT COLLATE "C";
CREATE INDEX ra_certificate_place ON ra_certificate (node, state, name, serial);
CREATE INDEX ra_certificate_list ON ra_certificate (state, name, serial, path);
CREATE INDEX ra_certificate_application ON ra_certificate (application);
DROP INDEX ra_application_name;
ALTER TABLE ra_application ALTER COLUMN name TYPE TEXT COLLATE "C";
CREATE INDEX ra_application_place ON ra_application (node, name, id, state, kind);
CREATE INDEX ra_application_list ON ra_application (name, id, path, state, kind);

-- +goose Down
SELECT 1;
