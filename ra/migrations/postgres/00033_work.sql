-- +goose Up

-- What somebody has begun or got back, few among many.
CREATE INDEX ra_application_begun ON ra_application (registered_by, state) WHERE state IN ('draft', 'returned');

-- +goose Down
DROP INDEX ra_application_begun;
