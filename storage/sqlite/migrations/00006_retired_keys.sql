-- +goose Up

-- What signed once, so that what it signed can be checked later. Public halves only.

CREATE TABLE retired_keys (
	key_id     TEXT NOT NULL PRIMARY KEY,
	jwk        BLOB NOT NULL,
	created_at INTEGER NOT NULL,
	retired_at INTEGER NOT NULL
) WITHOUT ROWID;
