-- +goose Up

-- Tickets. Times are milliseconds since 1970, 0 where there is none; what is personal
-- stands in sealed, NULL once erased.
CREATE TABLE desk_ticket (
    number   TEXT    NOT NULL PRIMARY KEY,
    kind     TEXT    NOT NULL,
    urgent   BOOLEAN NOT NULL,
    state    TEXT    NOT NULL,
    node     TEXT    NOT NULL,
    path     TEXT    NOT NULL,
    version  BIGINT  NOT NULL,
    holder   TEXT    NOT NULL,
    officer  TEXT    NOT NULL,
    opened   BIGINT  NOT NULL,
    due      BIGINT  NOT NULL,
    left_ms  BIGINT  NOT NULL, -- working time left while the person is asked
    answered BIGINT  NOT NULL,
    waited   BIGINT  NOT NULL, -- working time until the first answer
    resolved BIGINT  NOT NULL,
    closed   BIGINT  NOT NULL,
    late     BOOLEAN NOT NULL,
    rating   BIGINT  NOT NULL,
    code     TEXT    NOT NULL, -- hash
    sealed   BYTEA,
    changed  BIGINT  NOT NULL
);
CREATE INDEX desk_ticket_state ON desk_ticket (state, due, number);
CREATE INDEX desk_ticket_holder ON desk_ticket (holder, number) WHERE holder <> '';
CREATE INDEX desk_ticket_opened ON desk_ticket (opened);
CREATE INDEX desk_ticket_resolved ON desk_ticket (resolved) WHERE resolved <> 0;
CREATE INDEX desk_ticket_closed ON desk_ticket (closed) WHERE closed <> 0 AND sealed IS NOT NULL;

-- What was said, first to last.
CREATE TABLE desk_turn (
    ticket   TEXT    NOT NULL REFERENCES desk_ticket (number),
    number   BIGINT  NOT NULL,
    at       BIGINT  NOT NULL,
    by_whom  TEXT    NOT NULL,
    event    TEXT    NOT NULL,
    internal BOOLEAN NOT NULL,
    sealed   BYTEA,
    PRIMARY KEY (ticket, number)
);

-- The last number of each year.
CREATE TABLE desk_counter (
    year BIGINT  NOT NULL PRIMARY KEY,
    n    BIGINT  NOT NULL
);
