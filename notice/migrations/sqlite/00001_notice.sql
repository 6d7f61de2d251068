-- +goose Up

-- Notices by the order of posting. Times are milliseconds since 1970, 0 where there is
-- none. What is personal stands in sealed only, and as a keyed hash and a masked
-- address, which are erased together with it: key_id is '' then.
CREATE TABLE notice (
    id         INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    key        TEXT    NOT NULL UNIQUE,
    kind       TEXT    NOT NULL,
    channel    TEXT    NOT NULL, -- mail, or webhook/ and a target
    thread     TEXT    NOT NULL, -- notices of one thread to one recipient go in order; '': none
    recipient  TEXT    NOT NULL, -- keyed hash of the address
    masked     TEXT    NOT NULL, -- l***@example.cn
    key_id     TEXT    NOT NULL, -- which key sealed it
    sealed     BLOB    NOT NULL,
    state      TEXT    NOT NULL,
    says       TEXT    NOT NULL, -- of the last try
    lead       INTEGER NOT NULL, -- first notice of the digest it goes in; 0: it goes alone
    tries      INTEGER NOT NULL,
    posted_at  INTEGER NOT NULL,
    next_at    INTEGER NOT NULL,
    stale_at   INTEGER NOT NULL,
    give_up_at INTEGER NOT NULL,
    tried_at   INTEGER NOT NULL,
    ended_at   INTEGER NOT NULL
) STRICT;

CREATE INDEX notice_due ON notice (channel, next_at, id) WHERE state = 'waiting';
CREATE INDEX notice_thread ON notice (thread, id) WHERE state = 'waiting' AND thread <> '';
CREATE INDEX notice_lead ON notice (lead, id) WHERE state = 'waiting' AND lead <> 0;
CREATE INDEX notice_recipient ON notice (recipient, ended_at) WHERE state = 'sent' AND recipient <> '';
CREATE INDEX notice_state ON notice (state, id);
CREATE INDEX notice_personal ON notice (ended_at) WHERE state <> 'waiting' AND key_id <> '';
CREATE INDEX notice_ended ON notice (ended_at) WHERE state <> 'waiting';

-- Webhook targets that asked to be left alone (410 Gone).
CREATE TABLE notice_target (
    name   TEXT    NOT NULL PRIMARY KEY,
    off_at INTEGER NOT NULL
) STRICT;
