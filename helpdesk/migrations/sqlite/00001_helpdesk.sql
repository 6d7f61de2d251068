-- +goose Up

-- Tickets. Times are milliseconds since 1970, 0 where there is none; what is personal
-- stands in sealed, NULL once erased.
CREATE TABLE desk_ticket (
    number   TEXT    NOT NULL PRIMARY KEY,
    kind     TEXT    NOT NULL,
    urgent   INTEGER NOT NULL,
    state    TEXT    NOT NULL,
    node     TEXT    NOT NULL,
    path     TEXT    NOT NULL,
    version  INTEGER NOT NULL,
    holder   TEXT    NOT NULL,
    officer  TEXT    NOT NULL,
    opened   INTEGER NOT NULL,
    due      INTEGER NOT NULL,
    left_ms  INTEGER NOT NULL, -- working time left while the person is asked
    answered INTEGER NOT NULL,
    waited   INTEGER NOT NULL, -- working time until the first answer
    resolved INTEGER NOT NULL,
    closed   INTEGER NOT NULL,
    late     INTEGER NOT NULL,
    rating   INTEGER NOT NULL,
    code     TEXT    NOT NULL, -- hash
    sealed   BLOB,
    changed  INTEGER NOT NULL
) STRICT;
CREATE INDEX desk_ticket_state ON desk_ticket (state, due, number);
CREATE INDEX desk_ticket_holder ON desk_ticket (holder, number) WHERE holder <> '';
CREATE INDEX desk_ticket_opened ON desk_ticket (opened);
CREATE INDEX desk_ticket_resolved ON desk_ticket (resolved) WHERE resolved <> 0;
CREATE INDEX desk_ticket_closed ON desk_ticket (closed) WHERE closed <> 0 AND sealed IS NOT NULL;

-- What was said, first to last.
CREATE TABLE desk_turn (
    ticket   TEXT    NOT NULL REFERENCES desk_ticket (number),
    number   INTEGER NOT NULL,
    at       INTEGER NOT NULL,
    by_whom  TEXT    NOT NULL,
    event    TEXT    NOT NULL,
    internal INTEGER NOT NULL,
    sealed   BLOB,
    PRIMARY KEY (ticket, number)
) STRICT;

-- The last number of each year.
CREATE TABLE desk_counter (
    year INTEGER NOT NULL PRIMARY KEY,
    n    INTEGER NOT NULL
) STRICT;
