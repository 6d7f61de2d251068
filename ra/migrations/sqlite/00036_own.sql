-- +goose Up

-- What somebody has begun or got back, and what two offices differ on, newest first.
DROP INDEX ra_application_begun;
CREATE INDEX ra_application_begun ON ra_application (registered_by, state, created, id) WHERE state IN ('draft', 'returned');
DROP INDEX ra_application_conflict;
CREATE INDEX ra_application_conflict ON ra_application (created, id, path) WHERE conflict <> '';

-- +goose Down
DROP INDEX ra_application_begun;
CREATE INDEX ra_application_begun ON ra_application (registered_by, state) WHERE state IN ('draft', 'returned');
DROP INDEX ra_application_conflict;
CREATE INDEX ra_application_conflict ON ra_application (changed) WHERE conflict <> '';
