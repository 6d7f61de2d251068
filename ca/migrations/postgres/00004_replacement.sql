-- +goose Up

-- A replacement of everything one issuing CA has issued, by another: its order and how
-- far it has come. What could not be replaced stands in a row each.
CREATE TABLE ca_replacement (
    id          TEXT    NOT NULL PRIMARY KEY, -- the approval's
    from_issuer TEXT    NOT NULL,
    to_issuer   TEXT    NOT NULL,
    reason      TEXT    NOT NULL,
    ordered_by  TEXT    NOT NULL,
    created     BIGINT NOT NULL,
    ended       BIGINT NOT NULL, -- 0: it goes on
    position    TEXT    NOT NULL, -- the application looked at last
    total       BIGINT NOT NULL, -- orders of the old issuer
    done        BIGINT NOT NULL,
    passed      BIGINT NOT NULL, -- had ended before, or were never issued
    missed      BIGINT NOT NULL,
    millis      BIGINT NOT NULL -- of work
);

CREATE TABLE ca_replacement_missed (
    replacement TEXT NOT NULL,
    application TEXT NOT NULL,
    serial      TEXT NOT NULL,
    holder      TEXT NOT NULL,
    code        TEXT NOT NULL,
    wrong       TEXT NOT NULL,
    PRIMARY KEY (replacement, application)
);

-- +goose Down
DROP TABLE ca_replacement_missed;
DROP TABLE ca_replacement;
