-- +goose Up

-- A pair destroyed after its retention: its row stays, its sealed octets are zeros.
ALTER TABLE kmc_use ADD COLUMN destroyed_at BIGINT;
ALTER TABLE kmc_count ADD COLUMN destroyed BIGINT NOT NULL DEFAULT 0;

CREATE INDEX kmc_use_holder ON kmc_use (holder);
CREATE INDEX kmc_use_kept ON kmc_use (not_after, key_id) WHERE ended_at IS NOT NULL AND destroyed_at IS NULL;

-- Judicial recovery (GM/T 0034 12.5): a case as it was proposed. Its id is that of
-- the proposal, whose digest covers content.
CREATE TABLE kmc_case (
    id          TEXT    NOT NULL PRIMARY KEY,
    number      TEXT    NOT NULL, -- the authority's
    content     TEXT    NOT NULL, -- JSON
    proposed_at BIGINT NOT NULL,
    proposed_by TEXT    NOT NULL,
    expires_at  BIGINT NOT NULL
);

-- The pairs a case is about. While it is open none of them is destroyed.
CREATE TABLE kmc_case_key (
    case_id TEXT    NOT NULL REFERENCES kmc_case (id),
    key_id  TEXT    NOT NULL REFERENCES kmc_use (key_id),
    place   BIGINT NOT NULL, -- in the case
    PRIMARY KEY (case_id, key_id)
);

CREATE INDEX kmc_case_key_key ON kmc_case_key (key_id);

-- A case carried out, once.
CREATE TABLE kmc_disclosure (
    case_id  TEXT    NOT NULL PRIMARY KEY REFERENCES kmc_case (id),
    at       BIGINT NOT NULL,
    name     TEXT    NOT NULL,
    shown_at BIGINT NOT NULL, -- from when the holders' ledgers show it
    CHECK (shown_at >= at AND shown_at <= at + 15552000000) -- 180 days
);

-- What was handed out, sealed to the investigator, so that a lost answer is no loss.
CREATE TABLE kmc_export (
    case_id     TEXT    NOT NULL,
    key_id      TEXT    NOT NULL,
    certificate TEXT    NOT NULL, -- the investigator's, SHA-256
    format      TEXT    NOT NULL,
    envelope    BYTEA,  -- NULL once the pair is destroyed
    PRIMARY KEY (case_id, key_id),
    FOREIGN KEY (case_id, key_id) REFERENCES kmc_case_key (case_id, key_id)
);
