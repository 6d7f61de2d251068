-- +goose Up

-- The acts, numbered from 0. leaf is the RFC 6962 leaf hash over all columns before it.
-- nodes are the inner nodes of the tree that this entry completed, one hash after the
-- other from level 1 up: perfect subtrees only, so none ever changes, and every entry
-- but one in two has none. They stand here so that an entry is one row and no more.
CREATE TABLE audit_entry (
    number      BIGINT NOT NULL PRIMARY KEY,
    at          BIGINT NOT NULL, -- milliseconds since 1970
    actor       TEXT   NOT NULL,
    roles       TEXT   NOT NULL, -- JSON array
    certificate TEXT   NOT NULL,
    address     TEXT   NOT NULL,
    act         TEXT   NOT NULL,
    object      TEXT   COLLATE "C" NOT NULL,
    subject     TEXT   COLLATE "C" NOT NULL,
    result      TEXT   NOT NULL,
    detail      TEXT   NOT NULL, -- JSON object
    leaf        BYTEA  NOT NULL,
    nodes       BYTEA  NOT NULL
);

CREATE INDEX audit_entry_object ON audit_entry (object, number) WHERE object <> '';
CREATE INDEX audit_entry_subject ON audit_entry (subject, number) WHERE subject <> '';

-- The tree's head: one row. The empty tree's root is SHA-256 of nothing.
CREATE TABLE audit_head (
    one  BIGINT NOT NULL PRIMARY KEY CHECK (one = 1),
    size BIGINT NOT NULL,
    root BYTEA  NOT NULL
);

INSERT INTO audit_head (one, size, root)
VALUES (1, 0, '\xe3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855');
