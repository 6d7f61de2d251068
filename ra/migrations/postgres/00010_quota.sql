-- +goose Up

-- How many certificates were made in a year at a node and below it, of nodes that
-- have a quota.
CREATE TABLE ra_quota (
    node TEXT NOT NULL,
    year INTEGER NOT NULL,
    used INTEGER NOT NULL,
    PRIMARY KEY (node, year)
);

-- +goose Down
DROP TABLE ra_quota;
