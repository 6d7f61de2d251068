-- +goose Up

-- Every version of every profile there ever was; the highest is in effect. A version
-- without approval is one the CA began with.
CREATE TABLE ca_profile (
    name     TEXT    NOT NULL,
    version  INTEGER NOT NULL,
    hash     TEXT    NOT NULL, -- SHA-256 of yaml, hex; as it stands beside each certificate
    yaml     BLOB    NOT NULL,
    added_at INTEGER NOT NULL,
    added_by TEXT    NOT NULL,
    approval TEXT    NOT NULL,
    PRIMARY KEY (name, version)
) STRICT;

-- +goose StatementBegin
CREATE TRIGGER ca_profile_grows BEFORE INSERT ON ca_profile
WHEN EXISTS (SELECT 1 FROM ca_profile p WHERE p.name = NEW.name AND p.version >= NEW.version)
BEGIN SELECT RAISE(ABORT, 'a profile''s version only grows'); END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER ca_profile_stays BEFORE UPDATE ON ca_profile BEGIN SELECT RAISE(ABORT, 'a profile never changes'); END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER ca_profile_remains BEFORE DELETE ON ca_profile BEGIN SELECT RAISE(ABORT, 'a profile is never deleted'); END;
-- +goose StatementEnd

-- +goose Down
DROP TABLE ca_profile;
