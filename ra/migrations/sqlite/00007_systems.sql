-- +goose Up

-- Applications that use certificates (应用系统), registered once and used in every branch.
CREATE TABLE ra_system (
    id           TEXT PRIMARY KEY,
    name         TEXT NOT NULL,
    owner        TEXT NOT NULL,
    owner_code   TEXT NOT NULL,
    contact      TEXT NOT NULL,
    services     TEXT NOT NULL,
    kinds        TEXT NOT NULL,
    certificates TEXT NOT NULL,
    reader       TEXT NOT NULL,
    node         TEXT NOT NULL,
    path         TEXT NOT NULL,
    state        TEXT NOT NULL,
    version      INTEGER NOT NULL,
    changed      INTEGER NOT NULL,
    changed_by   TEXT NOT NULL
) STRICT;

-- Which holders use it: what its ministry may see of people in other branches.
CREATE TABLE ra_member (
    system   TEXT NOT NULL,
    holder   TEXT NOT NULL,
    added_by TEXT NOT NULL,
    at       INTEGER NOT NULL,
    PRIMARY KEY (system, holder)
) STRICT;
CREATE INDEX ra_member_holder ON ra_member (holder);

-- Each time a ministry looked, shown to the registration whose holders it saw.
CREATE TABLE ra_look (
    id       TEXT PRIMARY KEY,
    at       INTEGER NOT NULL,
    officer  TEXT NOT NULL,
    node     TEXT NOT NULL,
    system   TEXT NOT NULL,
    holders  INTEGER NOT NULL,
    path     TEXT NOT NULL
) STRICT;
CREATE INDEX ra_look_path ON ra_look (path, at);

-- +goose Down
DROP TABLE ra_look;
DROP TABLE ra_member;
DROP TABLE ra_system;
