-- +goose Up

-- What was decided, by whom: records, the Merkle tree over them, and signed statements of its root.

CREATE TABLE audit (
	seq  INTEGER NOT NULL PRIMARY KEY,
	body BLOB NOT NULL
);

CREATE TABLE audit_head (
	size INTEGER NOT NULL
);
INSERT INTO audit_head (size) VALUES (0);

CREATE TABLE audit_hashes (
	place INTEGER NOT NULL PRIMARY KEY,
	hash  BLOB NOT NULL
);

CREATE TABLE audit_checkpoints (
	size  INTEGER NOT NULL PRIMARY KEY,
	at    INTEGER NOT NULL,
	token TEXT NOT NULL
);
