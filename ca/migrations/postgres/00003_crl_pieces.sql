-- +goose Up

-- Entries of lists in DER, in pieces that never change. A long list stands here once
-- with all its later versions: each shares the pieces in which nothing happened.
CREATE TABLE ca_crl_piece (
    id     BIGINT NOT NULL PRIMARY KEY,
    octets BYTEA   NOT NULL
);

-- A list is der, then the pieces (ids of 8 octets each), then tail. Short ones and
-- those of before stand in der alone.
ALTER TABLE ca_crl ADD COLUMN size BIGINT NOT NULL DEFAULT 0;
ALTER TABLE ca_crl ADD COLUMN pieces BYTEA;
ALTER TABLE ca_crl ADD COLUMN tail BYTEA;
UPDATE ca_crl SET size = length(der);
CREATE INDEX ca_crl_current ON ca_crl (issuer, next_update);
CREATE INDEX ca_crl_newest ON ca_crl (issuer, crl_part, number);

-- +goose Down
DROP INDEX ca_crl_newest;
DROP INDEX ca_crl_current;
ALTER TABLE ca_crl DROP COLUMN tail;
ALTER TABLE ca_crl DROP COLUMN pieces;
ALTER TABLE ca_crl DROP COLUMN size;
DROP TABLE ca_crl_piece;
