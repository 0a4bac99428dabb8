-- +goose Up

-- Which applications build on which sessions, how far each was told of those that ended, and which node tells them.

ALTER TABLE applications ADD COLUMN backchannel_logout_uri TEXT NOT NULL DEFAULT '';

CREATE TABLE onward (
	session_id BLOB    NOT NULL,
	expires_at INTEGER NOT NULL, -- the session's
	client_id  TEXT    NOT NULL,
	person_id  TEXT    NOT NULL,
	PRIMARY KEY (session_id, expires_at, client_id)
) WITHOUT ROWID;
CREATE INDEX onward_of_person ON onward (person_id);
CREATE INDEX onward_expiry ON onward (expires_at);

CREATE TABLE deliveries (
	client_id TEXT    NOT NULL PRIMARY KEY,
	position  INTEGER NOT NULL
) WITHOUT ROWID;

CREATE TABLE leases (
	task  TEXT    NOT NULL PRIMARY KEY,
	node  TEXT    NOT NULL,
	until INTEGER NOT NULL
) WITHOUT ROWID;
