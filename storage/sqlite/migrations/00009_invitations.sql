-- +goose Up

-- Provinces on their way into the federation.

CREATE TABLE invitations (
	id         BLOB    NOT NULL PRIMARY KEY,
	region     TEXT    NOT NULL,
	name       TEXT    NOT NULL,
	status     TEXT    NOT NULL,
	issuer     TEXT    NOT NULL,
	jwks       BLOB,
	report     BLOB,
	expires_at INTEGER NOT NULL,
	updated_at INTEGER NOT NULL
) WITHOUT ROWID;
