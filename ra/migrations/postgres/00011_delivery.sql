-- +goose Up

-- How what was made reaches its holder. A ticket opens a key made at the key management
-- centre; it is kept sealed until the key was packaged. Of a download code there is
-- only the hash.
CREATE TABLE ra_delivery (
    application TEXT PRIMARY KEY,
    suite       TEXT NOT NULL,
    ticket      BYTEA,
    code        BYTEA,
    code_until  BIGINT NOT NULL,
    tries       INTEGER NOT NULL,
    fetched     BIGINT NOT NULL
);
CREATE INDEX ra_delivery_fetched ON ra_delivery (fetched) WHERE fetched > 0;

-- +goose Down
DROP TABLE ra_delivery;
