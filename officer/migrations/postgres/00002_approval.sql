-- +goose Up

-- What needs more than one person: proposed, approved by others, used once. Rows of
-- these tables only come; what happens to a proposal is a row of its own.
CREATE TABLE approval (
    id          TEXT   NOT NULL PRIMARY KEY,
    operation   TEXT   NOT NULL,
    object      TEXT   NOT NULL,
    digest      TEXT   NOT NULL, -- SHA-256 of operation, object, content and summary, hex
    content     TEXT   NOT NULL, -- exactly what is approved
    summary     TEXT   NOT NULL, -- the same for people
    reason      TEXT   NOT NULL,
    needs       TEXT   NOT NULL, -- "custodian:1 security:1"
    proposed_at BIGINT NOT NULL,
    proposed_by TEXT   NOT NULL,
    certificate TEXT   NOT NULL, -- the proposer's, fingerprint
    expires_at  BIGINT NOT NULL,
    CHECK (expires_at > proposed_at),
    UNIQUE (id, proposed_by)
);

CREATE INDEX approval_digest ON approval (digest);

-- The proposer stands beside each vote so that the table itself can refuse his own.
CREATE TABLE approval_vote (
    approval    TEXT   NOT NULL,
    proposer    TEXT   NOT NULL,
    name        TEXT   NOT NULL,
    roles       TEXT   NOT NULL, -- that the person had, separated by blanks
    certificate TEXT   NOT NULL,
    at          BIGINT NOT NULL,
    PRIMARY KEY (approval, name),
    FOREIGN KEY (approval, proposer) REFERENCES approval (id, proposed_by),
    CHECK (name <> proposer)
);

-- A proposal ends once: used is one of the ways.
CREATE TABLE approval_end (
    approval TEXT   NOT NULL PRIMARY KEY REFERENCES approval (id),
    state    TEXT   NOT NULL CHECK (state IN ('used', 'rejected', 'withdrawn', 'expired')),
    name     TEXT   NOT NULL,
    reason   TEXT   NOT NULL,
    at       BIGINT NOT NULL
);

-- +goose StatementBegin
CREATE FUNCTION officer_kept() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN RAISE EXCEPTION 'rows of % only come', TG_TABLE_NAME; END $$;
-- +goose StatementEnd

CREATE TRIGGER approval_stays BEFORE UPDATE OR DELETE ON approval FOR EACH ROW EXECUTE FUNCTION officer_kept();
CREATE TRIGGER approval_vote_stays BEFORE UPDATE OR DELETE ON approval_vote FOR EACH ROW EXECUTE FUNCTION officer_kept();
CREATE TRIGGER approval_end_stays BEFORE UPDATE OR DELETE ON approval_end FOR EACH ROW EXECUTE FUNCTION officer_kept();

-- What one row's CHECK cannot see: a second of the three administrations under one
-- name, and one key under two names, which is one person.
-- +goose StatementBegin
CREATE FUNCTION officer_separation() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (
        SELECT 1 FROM officer o WHERE o.key_hash = NEW.key_hash AND o.name <> NEW.name
        UNION ALL
        SELECT 1 FROM officer o WHERE o.name = NEW.name AND o.ended_at IS NULL AND NEW.ended_at IS NULL AND (
            o.kind <> NEW.kind
            OR ' ' || o.roles || ' ' LIKE '% system %' AND (' ' || NEW.roles || ' ' LIKE '% security %' OR ' ' || NEW.roles || ' ' LIKE '% audit %')
            OR ' ' || o.roles || ' ' LIKE '% security %' AND (' ' || NEW.roles || ' ' LIKE '% system %' OR ' ' || NEW.roles || ' ' LIKE '% audit %')
            OR ' ' || o.roles || ' ' LIKE '% audit %' AND (' ' || NEW.roles || ' ' LIKE '% system %' OR ' ' || NEW.roles || ' ' LIKE '% security %')))
    THEN
        RAISE EXCEPTION 'one person, one administration';
    END IF;
    RETURN NEW;
END $$;
-- +goose StatementEnd

CREATE TRIGGER officer_separation BEFORE INSERT ON officer FOR EACH ROW EXECUTE FUNCTION officer_separation();

-- +goose StatementBegin
CREATE FUNCTION officer_stays() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF OLD.ended_at IS NOT NULL OR NEW.fingerprint <> OLD.fingerprint OR NEW.name <> OLD.name OR NEW.kind <> OLD.kind
        OR NEW.roles <> OLD.roles OR NEW.key_hash <> OLD.key_hash
    THEN
        RAISE EXCEPTION 'a registration only ends';
    END IF;
    RETURN NEW;
END $$;
-- +goose StatementEnd

CREATE TRIGGER officer_stays BEFORE UPDATE ON officer FOR EACH ROW EXECUTE FUNCTION officer_stays();
CREATE TRIGGER officer_remains BEFORE DELETE ON officer FOR EACH ROW EXECUTE FUNCTION officer_kept();
