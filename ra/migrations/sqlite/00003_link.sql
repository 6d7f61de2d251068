-- +goose Up

-- How far the link to the registration above is: the last change here that went up,
-- the last there that came down, and by what it is known again.
CREATE TABLE ra_link_position (
    side   TEXT PRIMARY KEY,
    number INTEGER NOT NULL,
    mark   TEXT NOT NULL
) STRICT;

-- Which version of an application the registration above has; waiting: it is to be sent again.
CREATE TABLE ra_link (
    application TEXT PRIMARY KEY,
    version     INTEGER NOT NULL,
    waiting     INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX ra_link_waiting ON ra_link (application) WHERE waiting = 1;
CREATE INDEX ra_node_site ON ra_node (site) WHERE site <> '';
CREATE INDEX ra_application_conflict ON ra_application (changed) WHERE conflict <> '';

-- +goose Down
DROP TABLE ra_link;
DROP TABLE ra_link_position;
DROP INDEX ra_node_site;
DROP INDEX ra_application_conflict;
