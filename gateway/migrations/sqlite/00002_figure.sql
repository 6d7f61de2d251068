-- +goose Up

-- What was counted, by the minute (kept a day) and by the day in China (kept a year). A row
-- is added to, so that it does not matter how often counts are written.
CREATE TABLE gateway_figure (
    step     TEXT    NOT NULL, -- minute or day
    at       INTEGER NOT NULL, -- when it begins, milliseconds since 1970
    kind     TEXT    NOT NULL, -- application, user, page, fault, protocol, handshake
    name     TEXT    NOT NULL,
    requests INTEGER NOT NULL,
    refused  INTEGER NOT NULL,
    failed   INTEGER NOT NULL,
    sent     INTEGER NOT NULL, -- octets
    received INTEGER NOT NULL,
    took     INTEGER NOT NULL, -- microseconds in all
    l0 INTEGER NOT NULL, l1 INTEGER NOT NULL, l2 INTEGER NOT NULL, l3 INTEGER NOT NULL, l4 INTEGER NOT NULL,
    l5 INTEGER NOT NULL, l6 INTEGER NOT NULL, l7 INTEGER NOT NULL, l8 INTEGER NOT NULL, l9 INTEGER NOT NULL,
    l10 INTEGER NOT NULL, l11 INTEGER NOT NULL, l12 INTEGER NOT NULL, l13 INTEGER NOT NULL, -- the latency histogram
    PRIMARY KEY (step, at, kind, name)
) STRICT;
