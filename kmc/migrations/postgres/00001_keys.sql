-- +goose Up

-- Every pair ever made, sealed. One without a row in kmc_use is spare (备用库).
CREATE TABLE kmc_key (
    id      TEXT COLLATE "C"  NOT NULL PRIMARY KEY,
    suite   TEXT COLLATE "C"  NOT NULL,
    spki    BYTEA   NOT NULL,
    sealed  BYTEA   NOT NULL,
    made_at BIGINT NOT NULL -- milliseconds since 1970, like every time here
);

CREATE INDEX kmc_key_made ON kmc_key (made_at);

-- Whose a pair became: in use (在用库) while ended_at is NULL, then history (历史库).
-- The uniqueness of key_id is what keeps a pair from being handed out twice.
CREATE TABLE kmc_use (
    key_id      TEXT COLLATE "C"  NOT NULL PRIMARY KEY REFERENCES kmc_key (id),
    suite       TEXT COLLATE "C"  NOT NULL,
    ca          TEXT COLLATE "C"  NOT NULL,
    application TEXT COLLATE "C"  NOT NULL,
    cert_no     TEXT COLLATE "C"  NOT NULL,
    holder      TEXT COLLATE "C"  NOT NULL,
    digest      BYTEA   NOT NULL, -- of the order: the same again gets the same pair
    taken_at    BIGINT NOT NULL,
    not_after   BIGINT NOT NULL,
    ended_at    BIGINT,
    UNIQUE (ca, application),
    UNIQUE (cert_no, ca)
);

-- How many pairs of a suite are in use and in history, kept as they change, and
-- the time before which no pair is spare, so that a start need not read them all.
CREATE TABLE kmc_count (
    suite      TEXT COLLATE "C"  NOT NULL PRIMARY KEY,
    in_use     BIGINT NOT NULL,
    history    BIGINT NOT NULL,
    spare_from BIGINT NOT NULL
);

INSERT INTO kmc_count (suite, in_use, history, spare_from) VALUES
    ('sm2', 0, 0, 0), ('rsa2048', 0, 0, 0), ('rsa3072', 0, 0, 0), ('rsa4096', 0, 0, 0), ('p256', 0, 0, 0), ('p384', 0, 0, 0);

-- Task numbers of messages, remembered while their time would still be accepted.
CREATE TABLE kmc_task (
    ca      TEXT COLLATE "C"  NOT NULL,
    task    TEXT COLLATE "C"  NOT NULL,
    seen_at BIGINT NOT NULL,
    PRIMARY KEY (ca, task)
);

CREATE INDEX kmc_task_seen ON kmc_task (seen_at);
