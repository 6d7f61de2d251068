-- +goose Up

-- An order: its content's digest makes asking again safe.
CREATE TABLE ca_order (
    application  TEXT PRIMARY KEY,
    act          TEXT NOT NULL,
    digest       TEXT NOT NULL,
    issuer       TEXT NOT NULL,
    profile      TEXT NOT NULL,
    kind         TEXT NOT NULL,
    family       TEXT NOT NULL,
    holder       TEXT NOT NULL,
    skeleton     TEXT NOT NULL,
    spelling     TEXT NOT NULL,
    key_hash     TEXT NOT NULL,
    form         TEXT NOT NULL,
    sealed_to    TEXT NOT NULL,
    predecessor  TEXT NOT NULL,
    reason       INTEGER NOT NULL,
    decision     TEXT NOT NULL,
    actor        TEXT NOT NULL,
    created      BIGINT NOT NULL
);
CREATE INDEX ca_order_holder ON ca_order (holder);
CREATE INDEX ca_order_created ON ca_order (created);
CREATE INDEX ca_order_key ON ca_order (key_hash);
CREATE INDEX ca_order_predecessor ON ca_order (predecessor) WHERE predecessor <> '';
CREATE INDEX ca_order_skeleton ON ca_order (skeleton) WHERE skeleton <> '';

-- A certificate to be: its serial, which exists from here on, and the bytes to be
-- signed, fixed once. Its place is that in the order: those keys come nearly in order,
-- where serials are random and would touch a page of the index each.
CREATE TABLE ca_certificate (
    issuer       TEXT NOT NULL,
    serial       TEXT NOT NULL,
    application  TEXT NOT NULL,
    role         TEXT NOT NULL,
    previous     TEXT NOT NULL,
    escrow       TEXT NOT NULL,
    profile      TEXT NOT NULL,
    profile_hash TEXT NOT NULL,
    key_hash     TEXT NOT NULL,
    subject      TEXT NOT NULL,
    not_before   BIGINT NOT NULL,
    not_after    BIGINT NOT NULL,
    crl_part     INTEGER NOT NULL,
    tbs          BYTEA NOT NULL,
    envelope_format TEXT NOT NULL,
    envelope     BYTEA,
    PRIMARY KEY (application, role),
    UNIQUE (issuer, serial)
);
-- Keys that came from the KMC; those of signing halves stand in ca_order.
CREATE INDEX ca_certificate_escrowed ON ca_certificate (key_hash) WHERE role = 'encrypt';

-- A signature released: from this row on the certificate exists.
CREATE TABLE ca_signature (
    application TEXT NOT NULL,
    role        TEXT NOT NULL,
    signature   BYTEA NOT NULL,
    PRIMARY KEY (application, role)
);

CREATE TABLE ca_crl_number (
    issuer TEXT PRIMARY KEY,
    number BIGINT NOT NULL
);

-- crl_part is -1 for the complete list; base is 0 for a full CRL.
CREATE TABLE ca_crl (
    issuer      TEXT NOT NULL,
    number      BIGINT NOT NULL,
    crl_part    INTEGER NOT NULL,
    base        BIGINT NOT NULL,
    journal     BIGINT NOT NULL,
    entries     BIGINT NOT NULL,
    this_update BIGINT NOT NULL,
    next_update BIGINT NOT NULL,
    der         BYTEA NOT NULL,
    PRIMARY KEY (issuer, number, crl_part, base)
);
CREATE INDEX ca_crl_life ON ca_crl (issuer, crl_part, base, next_update);

-- +goose Down
DROP TABLE ca_crl;
DROP TABLE ca_crl_number;
DROP TABLE ca_signature;
DROP TABLE ca_certificate;
DROP TABLE ca_order;
