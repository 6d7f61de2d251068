-- +goose Up

-- What needs more than one person: proposed, approved by others, used once. Rows of
-- these tables only come; what happens to a proposal is a row of its own.
CREATE TABLE approval (
    id          TEXT    NOT NULL PRIMARY KEY,
    operation   TEXT    NOT NULL,
    object      TEXT    NOT NULL,
    digest      TEXT    NOT NULL, -- SHA-256 of operation, object, content and summary, hex
    content     TEXT    NOT NULL, -- exactly what is approved
    summary     TEXT    NOT NULL, -- the same for people
    reason      TEXT    NOT NULL,
    needs       TEXT    NOT NULL, -- "custodian:1 security:1"
    proposed_at INTEGER NOT NULL,
    proposed_by TEXT    NOT NULL,
    certificate TEXT    NOT NULL, -- the proposer's, fingerprint
    expires_at  INTEGER NOT NULL,
    CHECK (expires_at > proposed_at),
    UNIQUE (id, proposed_by)
) STRICT, WITHOUT ROWID;

CREATE INDEX approval_digest ON approval (digest);

-- The proposer stands beside each vote so that the table itself can refuse his own.
CREATE TABLE approval_vote (
    approval    TEXT    NOT NULL,
    proposer    TEXT    NOT NULL,
    name        TEXT    NOT NULL,
    roles       TEXT    NOT NULL, -- that the person had, separated by blanks
    certificate TEXT    NOT NULL,
    at          INTEGER NOT NULL,
    PRIMARY KEY (approval, name),
    FOREIGN KEY (approval, proposer) REFERENCES approval (id, proposed_by),
    CHECK (name <> proposer)
) STRICT, WITHOUT ROWID;

-- A proposal ends once: used is one of the ways.
CREATE TABLE approval_end (
    approval TEXT    NOT NULL PRIMARY KEY REFERENCES approval (id),
    state    TEXT    NOT NULL CHECK (state IN ('used', 'rejected', 'withdrawn', 'expired')),
    name     TEXT    NOT NULL,
    reason   TEXT    NOT NULL,
    at       INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- +goose StatementBegin
CREATE TRIGGER approval_stays BEFORE UPDATE ON approval BEGIN SELECT RAISE(ABORT, 'a proposal never changes'); END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER approval_remains BEFORE DELETE ON approval BEGIN SELECT RAISE(ABORT, 'a proposal is never deleted'); END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER approval_vote_stays BEFORE UPDATE ON approval_vote BEGIN SELECT RAISE(ABORT, 'a vote never changes'); END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER approval_vote_remains BEFORE DELETE ON approval_vote BEGIN SELECT RAISE(ABORT, 'a vote is never deleted'); END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER approval_end_stays BEFORE UPDATE ON approval_end BEGIN SELECT RAISE(ABORT, 'an end never changes'); END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER approval_end_remains BEFORE DELETE ON approval_end BEGIN SELECT RAISE(ABORT, 'an end is never deleted'); END;
-- +goose StatementEnd

-- What one row's CHECK cannot see: a second of the three administrations under one
-- name, and one key under two names, which is one person.
-- +goose StatementBegin
CREATE TRIGGER officer_separation BEFORE INSERT ON officer
WHEN EXISTS (
    SELECT 1 FROM officer o WHERE o.key_hash = NEW.key_hash AND o.name <> NEW.name
    UNION ALL
    SELECT 1 FROM officer o WHERE o.name = NEW.name AND o.ended_at IS NULL AND NEW.ended_at IS NULL AND (
        o.kind <> NEW.kind
        OR ' ' || o.roles || ' ' LIKE '% system %' AND (' ' || NEW.roles || ' ' LIKE '% security %' OR ' ' || NEW.roles || ' ' LIKE '% audit %')
        OR ' ' || o.roles || ' ' LIKE '% security %' AND (' ' || NEW.roles || ' ' LIKE '% system %' OR ' ' || NEW.roles || ' ' LIKE '% audit %')
        OR ' ' || o.roles || ' ' LIKE '% audit %' AND (' ' || NEW.roles || ' ' LIKE '% system %' OR ' ' || NEW.roles || ' ' LIKE '% security %')))
BEGIN SELECT RAISE(ABORT, 'one person, one administration'); END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER officer_stays BEFORE UPDATE ON officer
WHEN OLD.ended_at IS NOT NULL OR NEW.fingerprint <> OLD.fingerprint OR NEW.name <> OLD.name OR NEW.kind <> OLD.kind
    OR NEW.roles <> OLD.roles OR NEW.key_hash <> OLD.key_hash
BEGIN SELECT RAISE(ABORT, 'a registration only ends'); END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER officer_remains BEFORE DELETE ON officer BEGIN SELECT RAISE(ABORT, 'a registration is never deleted'); END;
-- +goose StatementEnd
