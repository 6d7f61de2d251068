-- +goose Up

-- What was said under a key is kept sealed from here on; keys from before, which live for
-- a month at most, are forgotten.
DELETE FROM ra_answer;

-- +goose Down
SELECT 1;
