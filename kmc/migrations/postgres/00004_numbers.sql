-- +goose Up

-- Further certificate numbers a pair stands under. A CA that was stopped after it had
-- been given a pair and before it stored anything asks again, under another number.
CREATE TABLE kmc_number (
    ca      TEXT NOT NULL,
    cert_no TEXT NOT NULL,
    key_id  TEXT NOT NULL REFERENCES kmc_use (key_id),
    PRIMARY KEY (cert_no, ca)
);

-- Every number with its pair.
CREATE VIEW kmc_standing AS
    SELECT ca, cert_no, key_id FROM kmc_use UNION ALL SELECT ca, cert_no, key_id FROM kmc_number;

-- +goose Down
DROP VIEW kmc_standing;
DROP TABLE kmc_number;
