-- +goose Up

-- What the service tells everybody: written by one, approved by another, in two languages.
CREATE TABLE ra_announcement (
    id       TEXT PRIMARY KEY,
    title_zh TEXT NOT NULL,
    title_en TEXT NOT NULL,
    text_zh  TEXT NOT NULL,
    text_en  TEXT NOT NULL,
    begins   BIGINT NOT NULL,
    ends     BIGINT NOT NULL, -- 0: none
    node     TEXT NOT NULL,
    path     TEXT COLLATE "C" NOT NULL,
    state    TEXT NOT NULL,
    motion   TEXT NOT NULL,
    by_whom  TEXT NOT NULL,
    changed  BIGINT NOT NULL
);
CREATE INDEX ra_announcement_begins ON ra_announcement (begins, id);

-- +goose Down
DROP TABLE ra_announcement;
