-- +goose Up

-- The entities that this node vouches for, and what it says about any.

CREATE TABLE subordinates (
	entity_id  TEXT NOT NULL PRIMARY KEY,
	types      TEXT NOT NULL,
	jwks       BLOB NOT NULL,
	rules      BLOB,
	status     TEXT NOT NULL,
	created_at INTEGER NOT NULL,
	updated_at INTEGER NOT NULL
) WITHOUT ROWID;
CREATE INDEX subordinates_updated ON subordinates (updated_at);

CREATE TABLE trust_marks (
	type       TEXT NOT NULL,
	subject    TEXT NOT NULL,
	issued_at  INTEGER NOT NULL,
	expires_at INTEGER NOT NULL,
	revoked_at INTEGER NOT NULL,
	PRIMARY KEY (type, subject)
) WITHOUT ROWID;
