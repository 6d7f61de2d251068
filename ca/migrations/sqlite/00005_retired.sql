-- +goose Up

-- Up to which number of the journal the key management centre has been told of every
-- revoked encryption certificate.
CREATE TABLE ca_retired (
    id     INTEGER NOT NULL PRIMARY KEY CHECK (id = 1),
    number INTEGER NOT NULL
) STRICT;

-- +goose Down
DROP TABLE ca_retired;
