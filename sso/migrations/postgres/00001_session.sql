-- +goose Up

-- Times are milliseconds since 1970, 0 where there is none. A realm is a kind of people.
-- The counter numbers a realm's endings; who writes sessions of the realm locks its row.
CREATE TABLE sso_realm (
    realm  TEXT    NOT NULL PRIMARY KEY,
    number BIGINT  NOT NULL -- of the last ending
);

-- Keys that tokens are sealed with, themselves sealed.
CREATE TABLE sso_key (
    realm  TEXT    NOT NULL,
    number BIGINT  NOT NULL,
    id     BIGINT  NOT NULL, -- as tokens name it
    cipher TEXT    NOT NULL,
    sealed BYTEA   NOT NULL,
    made   BIGINT  NOT NULL,
    active BIGINT  NOT NULL, -- seals from then on
    PRIMARY KEY (realm, number)
);

CREATE TABLE sso_session (
    realm       TEXT    NOT NULL,
    id          TEXT    NOT NULL,
    user_name   TEXT    NOT NULL,
    fingerprint BYTEA   NOT NULL,
    issuer      TEXT    NOT NULL,
    serial      TEXT    NOT NULL,
    level       BIGINT  NOT NULL,
    steps       TEXT    NOT NULL,
    address     TEXT    NOT NULL,
    started     BIGINT  NOT NULL,
    seen        BIGINT  NOT NULL, -- some seconds old
    until       BIGINT  NOT NULL,
    ended       BIGINT  NOT NULL, -- before its time
    why         TEXT    NOT NULL,
    PRIMARY KEY (realm, id)
);

CREATE INDEX sso_session_user ON sso_session (realm, user_name, started) WHERE ended = 0;
CREATE INDEX sso_session_certificate ON sso_session (realm, issuer, serial) WHERE ended = 0;
CREATE INDEX sso_session_until ON sso_session (realm, until);

-- The journal of sessions that ended before their time.
CREATE TABLE sso_ending (
    realm     TEXT    NOT NULL,
    number    BIGINT  NOT NULL,
    at        BIGINT  NOT NULL,
    id        TEXT    NOT NULL,
    issuer    TEXT    NOT NULL,
    serial    TEXT    NOT NULL,
    user_name TEXT    NOT NULL,
    why       TEXT    NOT NULL,
    until     BIGINT  NOT NULL, -- when it may be forgotten
    PRIMARY KEY (realm, number)
);
