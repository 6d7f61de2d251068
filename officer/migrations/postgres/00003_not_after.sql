-- +goose Up

-- When the certificate ends: who is locked out is known without asking a CA. 0 where
-- it was registered before this column was there.
ALTER TABLE officer ADD COLUMN not_after BIGINT NOT NULL DEFAULT 0;

-- +goose Down
ALTER TABLE officer DROP COLUMN not_after;
