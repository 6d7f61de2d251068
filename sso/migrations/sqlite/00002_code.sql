-- +goose Up

-- Codes of log ins that were used, for as long as they could be used again: each is good
-- once for all who share these sessions.
CREATE TABLE sso_code (
    realm TEXT    NOT NULL,
    id    TEXT    NOT NULL,
    until INTEGER NOT NULL, -- when it may be forgotten, milliseconds since 1970
    PRIMARY KEY (realm, id)
) STRICT;
