-- +goose Up

-- Signing keys made for holders who cannot make their own, until they are packaged.
-- They are in no library: nothing here is escrowed, spare or recovered. sealed opens
-- only with the ticket of the one who ordered the key, of which only a hash is here.
CREATE TABLE kmc_holder_key (
    id          TEXT    NOT NULL PRIMARY KEY,
    ca          TEXT    NOT NULL,
    application TEXT    NOT NULL,
    suite       TEXT    NOT NULL,
    holder      TEXT    NOT NULL,
    asked_by    TEXT    NOT NULL, -- of the CA: who had it made
    spki        BLOB    NOT NULL,
    request     BLOB    NOT NULL, -- PKCS#10
    digest      BLOB    NOT NULL, -- of the order: the same again gets the same request
    ticket      BLOB    NOT NULL, -- SHA-256
    sealed      BLOB    NOT NULL, -- zeros once wiped_at is set
    made_at     INTEGER NOT NULL, -- milliseconds since 1970
    expires_at  INTEGER NOT NULL,
    password    BLOB,             -- sealed; zeros once wiped_at is set
    nonce       BLOB,             -- SHA-256, of who was given the password
    shown_at    INTEGER,
    wiped_at    INTEGER,
    why         TEXT,             -- packaged, expired, ended or restored
    parcel      BLOB,             -- the package, under the password; zeros once cleared_at is set
    wanted      BLOB,             -- SHA-256 of the order of the package
    cleared_at  INTEGER,
    UNIQUE (ca, application)
) STRICT;

CREATE INDEX kmc_holder_key_waiting ON kmc_holder_key (ca, expires_at) WHERE wiped_at IS NULL;
CREATE INDEX kmc_holder_key_packaged ON kmc_holder_key (wiped_at) WHERE parcel IS NOT NULL AND cleared_at IS NULL;
