-- +goose Up

-- Every version of the configuration, whole. The one in use is the last that was
-- applied; rolling back writes an old one again under a new number.
CREATE TABLE gateway_configuration (
    number   INTEGER NOT NULL PRIMARY KEY,
    document BLOB    NOT NULL, -- JSON
    hash     TEXT    NOT NULL, -- SHA-256 of document, hex
    note     TEXT    NOT NULL, -- why, in the words of who made it
    made_by  TEXT    NOT NULL,
    made_at  INTEGER NOT NULL, -- milliseconds since 1970, like every time here
    base     INTEGER NOT NULL, -- the version it was made from
    restored INTEGER NOT NULL  -- the version it says again; 0: none
) STRICT;
