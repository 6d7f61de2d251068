-- +goose Up

-- Codes of log ins that were used, for as long as they could be used again: each is good
-- once at all gateways of this database.
CREATE TABLE gateway_code (
    id   TEXT    NOT NULL PRIMARY KEY,
    ends INTEGER NOT NULL -- milliseconds since 1970
) STRICT;
