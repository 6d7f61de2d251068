-- +goose Up

-- Up to which end of life the holders of certificates were reminded, by the days before
-- it: those up to until, and at until those up to issuer and serial.
CREATE TABLE ra_reminded (
    days   INTEGER NOT NULL PRIMARY KEY,
    until  INTEGER NOT NULL,
    issuer TEXT    NOT NULL,
    serial TEXT    NOT NULL
) STRICT;
CREATE INDEX ra_certificate_ends ON ra_certificate (not_after, issuer, serial);
