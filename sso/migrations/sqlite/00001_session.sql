-- +goose Up

-- Times are milliseconds since 1970, 0 where there is none. A realm is a kind of people.
-- The counter numbers a realm's endings; who writes sessions of the realm locks its row.
CREATE TABLE sso_realm (
    realm  TEXT    NOT NULL PRIMARY KEY,
    number INTEGER NOT NULL -- of the last ending
) STRICT;

-- Keys that tokens are sealed with, themselves sealed.
CREATE TABLE sso_key (
    realm  TEXT    NOT NULL,
    number INTEGER NOT NULL,
    id     INTEGER NOT NULL, -- as tokens name it
    cipher TEXT    NOT NULL,
    sealed BLOB    NOT NULL,
    made   INTEGER NOT NULL,
    active INTEGER NOT NULL, -- seals from then on
    PRIMARY KEY (realm, number)
) STRICT;

CREATE TABLE sso_session (
    realm       TEXT    NOT NULL,
    id          TEXT    NOT NULL,
    user_name   TEXT    NOT NULL,
    fingerprint BLOB    NOT NULL,
    issuer      TEXT    NOT NULL,
    serial      TEXT    NOT NULL,
    level       INTEGER NOT NULL,
    steps       TEXT    NOT NULL,
    address     TEXT    NOT NULL,
    started     INTEGER NOT NULL,
    seen        INTEGER NOT NULL, -- some seconds old
    until       INTEGER NOT NULL,
    ended       INTEGER NOT NULL, -- before its time
    why         TEXT    NOT NULL,
    PRIMARY KEY (realm, id)
) STRICT;

CREATE INDEX sso_session_user ON sso_session (realm, user_name, started) WHERE ended = 0;
CREATE INDEX sso_session_certificate ON sso_session (realm, issuer, serial) WHERE ended = 0;
CREATE INDEX sso_session_until ON sso_session (realm, until);

-- The journal of sessions that ended before their time.
CREATE TABLE sso_ending (
    realm     TEXT    NOT NULL,
    number    INTEGER NOT NULL,
    at        INTEGER NOT NULL,
    id        TEXT    NOT NULL,
    issuer    TEXT    NOT NULL,
    serial    TEXT    NOT NULL,
    user_name TEXT    NOT NULL,
    why       TEXT    NOT NULL,
    until     INTEGER NOT NULL, -- when it may be forgotten
    PRIMARY KEY (realm, number)
) STRICT;
