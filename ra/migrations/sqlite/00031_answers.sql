-- +goose Up

-- What a call under a caller's key was answered, sealed; none while it is being done.
CREATE TABLE ra_answer (
    officer TEXT NOT NULL,
    key     TEXT NOT NULL,
    digest  TEXT NOT NULL,
    answer  BLOB,
    at      INTEGER NOT NULL,
    PRIMARY KEY (officer, key)
) STRICT, WITHOUT ROWID;
CREATE INDEX ra_answer_at ON ra_answer (at);

-- +goose Down
DROP TABLE ra_answer;
