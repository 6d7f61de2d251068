-- +goose Up

-- A scanned document belongs to an application by its hash.
CREATE TABLE ra_document (
    application TEXT NOT NULL,
    hash        TEXT NOT NULL,
    sort        TEXT NOT NULL,
    name        TEXT NOT NULL,
    media_type  TEXT NOT NULL,
    size        INTEGER NOT NULL,
    pages       INTEGER NOT NULL,
    at          INTEGER NOT NULL,
    attached_by TEXT NOT NULL,
    PRIMARY KEY (application, hash)
) STRICT, WITHOUT ROWID;
CREATE INDEX ra_document_hash ON ra_document (hash);

-- What is in it, sealed piece by piece; the same document is kept once.
CREATE TABLE ra_piece (
    hash    TEXT NOT NULL,
    number  INTEGER NOT NULL,
    sealed  BLOB NOT NULL,
    PRIMARY KEY (hash, number)
) STRICT;

-- +goose Down
DROP TABLE ra_piece;
DROP TABLE ra_document;
