-- +goose Up

-- A replacement of everything one issuing CA has issued, by another: its order and how
-- far it has come. What could not be replaced stands in a row each.
CREATE TABLE ca_replacement (
    id          TEXT    NOT NULL PRIMARY KEY, -- the approval's
    from_issuer TEXT    NOT NULL,
    to_issuer   TEXT    NOT NULL,
    reason      TEXT    NOT NULL,
    ordered_by  TEXT    NOT NULL,
    created     INTEGER NOT NULL,
    ended       INTEGER NOT NULL, -- 0: it goes on
    position    TEXT    NOT NULL, -- the application looked at last
    total       INTEGER NOT NULL, -- orders of the old issuer
    done        INTEGER NOT NULL,
    passed      INTEGER NOT NULL, -- had ended before, or were never issued
    missed      INTEGER NOT NULL,
    millis      INTEGER NOT NULL -- of work
) STRICT, WITHOUT ROWID;

CREATE TABLE ca_replacement_missed (
    replacement TEXT NOT NULL,
    application TEXT NOT NULL,
    serial      TEXT NOT NULL,
    holder      TEXT NOT NULL,
    code        TEXT NOT NULL,
    wrong       TEXT NOT NULL,
    PRIMARY KEY (replacement, application)
) STRICT, WITHOUT ROWID;

-- +goose Down
DROP TABLE ca_replacement_missed;
DROP TABLE ca_replacement;
