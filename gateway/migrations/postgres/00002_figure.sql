-- +goose Up

-- What was counted, by the minute (kept a day) and by the day in China (kept a year). A row
-- is added to, so that it does not matter how often counts are written.
CREATE TABLE gateway_figure (
    step     TEXT    NOT NULL, -- minute or day
    at       BIGINT NOT NULL, -- when it begins, milliseconds since 1970
    kind     TEXT    NOT NULL, -- application, user, page, fault, protocol, handshake
    name     TEXT    NOT NULL,
    requests BIGINT NOT NULL,
    refused  BIGINT NOT NULL,
    failed   BIGINT NOT NULL,
    sent     BIGINT NOT NULL, -- octets
    received BIGINT NOT NULL,
    took     BIGINT NOT NULL, -- microseconds in all
    l0 BIGINT NOT NULL, l1 BIGINT NOT NULL, l2 BIGINT NOT NULL, l3 BIGINT NOT NULL, l4 BIGINT NOT NULL,
    l5 BIGINT NOT NULL, l6 BIGINT NOT NULL, l7 BIGINT NOT NULL, l8 BIGINT NOT NULL, l9 BIGINT NOT NULL,
    l10 BIGINT NOT NULL, l11 BIGINT NOT NULL, l12 BIGINT NOT NULL, l13 BIGINT NOT NULL, -- the latency histogram
    PRIMARY KEY (step, at, kind, name)
);
