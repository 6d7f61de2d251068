-- +goose Up

-- Phones and mails that their holders replaced in self-service, sealed: good beside the
-- new ones for some days.
CREATE TABLE ra_old_contact (
    holder TEXT NOT NULL,
    by     TEXT NOT NULL,
    n      BIGINT NOT NULL,
    sealed BYTEA NOT NULL,
    until  BIGINT NOT NULL,
    PRIMARY KEY (holder, by, n)
);
CREATE INDEX ra_old_contact_until ON ra_old_contact (until);

-- +goose Down
DROP TABLE ra_old_contact;
