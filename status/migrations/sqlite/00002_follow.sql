-- +goose Up

-- The lives of a journal: one row from its beginning, one more for each restore of a
-- backup. after is the last entry that the life before and this one share.
CREATE TABLE status_epoch (
    n     INTEGER NOT NULL PRIMARY KEY,
    id    TEXT    NOT NULL,
    after INTEGER NOT NULL
) STRICT;

-- Of a copy: since when it is known to be as its source is. One row.
CREATE TABLE status_copy (
    one   INTEGER NOT NULL PRIMARY KEY CHECK (one = 1),
    as_of INTEGER NOT NULL
) STRICT;

-- +goose Down
DROP TABLE status_copy;
DROP TABLE status_epoch;
