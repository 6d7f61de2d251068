-- +goose Up

-- Published certificates. Times are milliseconds since 1970.
CREATE TABLE ldap_certificate (
    issuer    TEXT COLLATE "C" NOT NULL,
    serial    TEXT COLLATE "C" NOT NULL,
    holder    TEXT COLLATE "C" NOT NULL,
    kind      TEXT COLLATE "C" NOT NULL,
    role      TEXT COLLATE "C" NOT NULL,
    state     TEXT COLLATE "C" NOT NULL CHECK (state IN ('valid', 'held', 'revoked')),
    not_after BIGINT NOT NULL,
    der       BYTEA   NOT NULL,
    PRIMARY KEY (issuer, serial)
);

CREATE INDEX ldap_certificate_holder ON ldap_certificate (holder);
CREATE INDEX ldap_certificate_end ON ldap_certificate (not_after);

-- Who has an entry, until when, and the journal number of its last change.
CREATE TABLE ldap_holder (
    holder      TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    shown_until BIGINT NOT NULL,
    changed     BIGINT NOT NULL
);

CREATE INDEX ldap_holder_changed ON ldap_holder (changed);

-- What holders are found by, prepared for comparison.
CREATE TABLE ldap_name (
    attribute TEXT COLLATE "C" NOT NULL,
    value     TEXT COLLATE "C" NOT NULL,
    holder    TEXT COLLATE "C" NOT NULL,
    PRIMARY KEY (attribute, value, holder)
);

CREATE INDEX ldap_name_holder ON ldap_name (holder);

-- Up to which journal number a reader has come: '' is this directory itself, other
-- names are directories it publishes to.
CREATE TABLE ldap_position (
    reader TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    number BIGINT NOT NULL
);
