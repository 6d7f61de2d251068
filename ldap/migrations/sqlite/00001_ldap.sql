-- +goose Up

-- Published certificates. Times are milliseconds since 1970.
CREATE TABLE ldap_certificate (
    issuer    TEXT    NOT NULL,
    serial    TEXT    NOT NULL,
    holder    TEXT    NOT NULL,
    kind      TEXT    NOT NULL,
    role      TEXT    NOT NULL,
    state     TEXT    NOT NULL CHECK (state IN ('valid', 'held', 'revoked')),
    not_after INTEGER NOT NULL,
    der       BLOB    NOT NULL,
    PRIMARY KEY (issuer, serial)
) STRICT, WITHOUT ROWID;

CREATE INDEX ldap_certificate_holder ON ldap_certificate (holder);
CREATE INDEX ldap_certificate_end ON ldap_certificate (not_after);

-- Who has an entry, until when, and the journal number of its last change.
CREATE TABLE ldap_holder (
    holder      TEXT    NOT NULL PRIMARY KEY,
    shown_until INTEGER NOT NULL,
    changed     INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE INDEX ldap_holder_changed ON ldap_holder (changed);

-- What holders are found by, prepared for comparison.
CREATE TABLE ldap_name (
    attribute TEXT NOT NULL,
    value     TEXT NOT NULL,
    holder    TEXT NOT NULL,
    PRIMARY KEY (attribute, value, holder)
) STRICT, WITHOUT ROWID;

CREATE INDEX ldap_name_holder ON ldap_name (holder);

-- Up to which journal number a reader has come: '' is this directory itself, other
-- names are directories it publishes to.
CREATE TABLE ldap_position (
    reader TEXT    NOT NULL PRIMARY KEY,
    number INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
