-- +goose Up

-- The acts, numbered from 0. leaf is the RFC 6962 leaf hash over all other columns.
CREATE TABLE audit_entry (
    number      INTEGER NOT NULL PRIMARY KEY,
    at          INTEGER NOT NULL, -- milliseconds since 1970
    actor       TEXT    NOT NULL,
    roles       TEXT    NOT NULL, -- JSON array
    certificate TEXT    NOT NULL,
    address     TEXT    NOT NULL,
    act         TEXT    NOT NULL,
    object      TEXT    NOT NULL,
    subject     TEXT    NOT NULL,
    result      TEXT    NOT NULL,
    detail      TEXT    NOT NULL, -- JSON object
    leaf        BLOB    NOT NULL
) STRICT;

CREATE INDEX audit_entry_object ON audit_entry (object, number) WHERE object <> '';
CREATE INDEX audit_entry_subject ON audit_entry (subject, number) WHERE subject <> '';

-- Inner nodes of the tree: level 1 and up, perfect subtrees only, so none ever changes.
CREATE TABLE audit_node (
    level INTEGER NOT NULL,
    pos   INTEGER NOT NULL,
    hash  BLOB    NOT NULL,
    PRIMARY KEY (level, pos)
) STRICT, WITHOUT ROWID;

-- The tree's head: one row. The empty tree's root is SHA-256 of nothing.
CREATE TABLE audit_head (
    one  INTEGER NOT NULL PRIMARY KEY CHECK (one = 1),
    size INTEGER NOT NULL,
    root BLOB    NOT NULL
) STRICT;

INSERT INTO audit_head (one, size, root)
VALUES (1, 0, x'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855');
