-- +goose Up

-- What a node remembers over a restart.

CREATE TABLE notes (
	name TEXT NOT NULL PRIMARY KEY,
	body BYTEA NOT NULL
);
