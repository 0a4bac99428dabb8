-- +goose Up

-- What was decided, by whom: records, the Merkle tree over them, and signed statements of its root.

CREATE TABLE audit (
	seq  BIGINT NOT NULL PRIMARY KEY,
	body BYTEA NOT NULL
);

CREATE TABLE audit_head (
	size BIGINT NOT NULL
);
INSERT INTO audit_head (size) VALUES (0);

CREATE TABLE audit_hashes (
	place BIGINT NOT NULL PRIMARY KEY,
	hash  BYTEA NOT NULL
);

CREATE TABLE audit_checkpoints (
	size  BIGINT NOT NULL PRIMARY KEY,
	at    BIGINT NOT NULL,
	token TEXT NOT NULL
);
