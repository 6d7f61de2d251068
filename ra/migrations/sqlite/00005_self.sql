-- +goose Up

-- One-time codes sent to a holder: their hash, never themselves. What is waiting for
-- the code is sealed.
CREATE TABLE ra_ticket (
    id      TEXT PRIMARY KEY,
    purpose TEXT NOT NULL,
    holder  TEXT NOT NULL,
    kind    TEXT NOT NULL,
    digest  TEXT NOT NULL,
    sealed  BLOB,
    tries   INTEGER NOT NULL,
    done    INTEGER NOT NULL,
    until   INTEGER NOT NULL
) STRICT;
CREATE INDEX ra_ticket_until ON ra_ticket (until);

-- The code printed at registration, by which an applicant follows an application.
CREATE TABLE ra_receipt (
    application TEXT PRIMARY KEY,
    digest      TEXT NOT NULL,
    at          INTEGER NOT NULL
) STRICT;

-- How often somebody asked within an hour or a day; subjects are hashes.
CREATE TABLE ra_attempt (
    subject TEXT NOT NULL,
    slot    INTEGER NOT NULL,
    n       INTEGER NOT NULL,
    PRIMARY KEY (subject, slot)
) STRICT;
CREATE INDEX ra_attempt_slot ON ra_attempt (slot);

-- +goose Down
DROP TABLE ra_attempt;
DROP TABLE ra_receipt;
DROP TABLE ra_ticket;
