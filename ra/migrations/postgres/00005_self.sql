-- +goose Up

-- One-time codes sent to a holder: their hash, never themselves. What is waiting for
-- the code is sealed.
CREATE TABLE ra_ticket (
    id      TEXT PRIMARY KEY,
    purpose TEXT NOT NULL,
    holder  TEXT NOT NULL,
    kind    TEXT NOT NULL,
    digest  TEXT NOT NULL,
    sealed  BYTEA,
    tries   INTEGER NOT NULL,
    done    INTEGER NOT NULL,
    until   BIGINT NOT NULL
);
CREATE INDEX ra_ticket_until ON ra_ticket (until);

-- The code printed at registration, by which an applicant follows an application.
CREATE TABLE ra_receipt (
    application TEXT PRIMARY KEY,
    digest      TEXT NOT NULL,
    at          BIGINT NOT NULL
);

-- How often somebody asked within an hour or a day; subjects are hashes.
CREATE TABLE ra_attempt (
    subject TEXT NOT NULL,
    slot    BIGINT NOT NULL,
    n       INTEGER NOT NULL,
    PRIMARY KEY (subject, slot)
);
CREATE INDEX ra_attempt_slot ON ra_attempt (slot);

-- +goose Down
DROP TABLE ra_attempt;
DROP TABLE ra_receipt;
DROP TABLE ra_ticket;
