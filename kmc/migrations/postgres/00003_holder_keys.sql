-- +goose Up

-- Signing keys made for holders who cannot make their own, until they are packaged.
-- They are in no library: nothing here is escrowed, spare or recovered. sealed opens
-- only with the ticket of the one who ordered the key, of which only a hash is here.
CREATE TABLE kmc_holder_key (
    id          TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    ca          TEXT COLLATE "C" NOT NULL,
    application TEXT COLLATE "C" NOT NULL,
    suite       TEXT COLLATE "C" NOT NULL,
    holder      TEXT COLLATE "C" NOT NULL,
    asked_by    TEXT    NOT NULL, -- of the CA: who had it made
    spki        BYTEA   NOT NULL,
    request     BYTEA   NOT NULL, -- PKCS#10
    digest      BYTEA   NOT NULL, -- of the order: the same again gets the same request
    ticket      BYTEA   NOT NULL, -- SHA-256
    sealed      BYTEA   NOT NULL, -- zeros once wiped_at is set
    made_at     BIGINT NOT NULL, -- milliseconds since 1970
    expires_at  BIGINT NOT NULL,
    password    BYTEA,             -- sealed; zeros once wiped_at is set
    nonce       BYTEA,             -- SHA-256, of who was given the password
    shown_at    BIGINT,
    wiped_at    BIGINT,
    why         TEXT,             -- packaged, expired, ended or restored
    parcel      BYTEA,             -- the package, under the password; zeros once cleared_at is set
    wanted      BYTEA,             -- SHA-256 of the order of the package
    cleared_at  BIGINT,
    UNIQUE (ca, application)
);

CREATE INDEX kmc_holder_key_waiting ON kmc_holder_key (ca, expires_at) WHERE wiped_at IS NULL;
CREATE INDEX kmc_holder_key_packaged ON kmc_holder_key (wiped_at) WHERE parcel IS NOT NULL AND cleared_at IS NULL;
