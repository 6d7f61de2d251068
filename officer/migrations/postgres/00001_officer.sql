-- +goose Up

-- Certificates that may operate. Rows are ended, never deleted.
CREATE TABLE officer (
    fingerprint TEXT    NOT NULL PRIMARY KEY, -- SHA-256 of the DER, hex
    name        TEXT    NOT NULL,
    kind        TEXT    NOT NULL CHECK (kind IN ('officer', 'site')),
    roles       TEXT    NOT NULL, -- separated by blanks
    key_hash    TEXT    NOT NULL, -- of the SubjectPublicKeyInfo
    issuer      TEXT    NOT NULL, -- the issuing CA's id, as in status
    serial      TEXT    NOT NULL,
    added_at    BIGINT  NOT NULL, -- milliseconds since 1970, like every time here
    added_by    TEXT    NOT NULL,
    ended_at    BIGINT,
    ended_by    TEXT,
    CHECK ((kind = 'site') = (roles IN ('site', 'node'))),
    CHECK (CASE WHEN ' ' || roles || ' ' LIKE '% system %' THEN 1 ELSE 0 END
         + CASE WHEN ' ' || roles || ' ' LIKE '% security %' THEN 1 ELSE 0 END
         + CASE WHEN ' ' || roles || ' ' LIKE '% audit %' THEN 1 ELSE 0 END <= 1)
);

CREATE INDEX officer_name ON officer (name);
CREATE INDEX officer_key ON officer (key_hash);
CREATE UNIQUE INDEX officer_certificate ON officer (issuer, serial);

-- One row, counted up with each change: who updates it changes alone, and readers
-- see by it that there is something new.
CREATE TABLE officer_change (
    one BIGINT  NOT NULL PRIMARY KEY CHECK (one = 1),
    n   BIGINT  NOT NULL
);

INSERT INTO officer_change (one, n) VALUES (1, 0);

-- One-time codes that enrol a key.
CREATE TABLE enrolment (
    code_hash  TEXT    NOT NULL PRIMARY KEY,
    role       TEXT    NOT NULL,
    name       TEXT    NOT NULL,
    added_at   BIGINT  NOT NULL,
    added_by   TEXT    NOT NULL,
    expires_at BIGINT  NOT NULL,
    used_at    BIGINT 
);

CREATE INDEX enrolment_name ON enrolment (name);
