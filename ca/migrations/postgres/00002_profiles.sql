-- +goose Up

-- Every version of every profile there ever was; the highest is in effect. A version
-- without approval is one the CA began with.
CREATE TABLE ca_profile (
    name     TEXT    NOT NULL,
    version  BIGINT NOT NULL,
    hash     TEXT    NOT NULL, -- SHA-256 of yaml, hex; as it stands beside each certificate
    yaml     BYTEA    NOT NULL,
    added_at BIGINT NOT NULL,
    added_by TEXT    NOT NULL,
    approval TEXT    NOT NULL,
    PRIMARY KEY (name, version)
);

-- +goose StatementBegin
CREATE FUNCTION ca_profile_stays() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP <> 'INSERT' THEN
        RAISE EXCEPTION 'a profile never changes';
    END IF;
    IF EXISTS (SELECT 1 FROM ca_profile p WHERE p.name = NEW.name AND p.version >= NEW.version) THEN
        RAISE EXCEPTION 'a profile''s version only grows';
    END IF;
    RETURN NEW;
END $$;
-- +goose StatementEnd

CREATE TRIGGER ca_profile_stays BEFORE INSERT OR UPDATE OR DELETE ON ca_profile FOR EACH ROW EXECUTE FUNCTION ca_profile_stays();

-- +goose Down
DROP TABLE ca_profile;
DROP FUNCTION ca_profile_stays;
