-- +goose Up

-- Tickets that somebody has to work on, few among many.
CREATE INDEX desk_ticket_live ON desk_ticket (state, path, officer) WHERE state IN ('open', 'working');

-- +goose Down
DROP INDEX desk_ticket_live;
