-- +goose Up

-- A person who signs others out ends what outlives their sessions, too. Grants that end with their session are in no index but their own.

CREATE INDEX grants_offline ON grants (person_id) WHERE offline;
