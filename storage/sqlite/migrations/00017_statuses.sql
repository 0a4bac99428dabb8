-- +goose Up

-- Which access tokens have a place in a status list, of applications that asked for it. The others write no row here.

ALTER TABLE applications ADD COLUMN status_list BOOLEAN NOT NULL DEFAULT FALSE;

-- A grant that ended is looked for by that while a list is made; one that did not is in no index but its own.

CREATE INDEX grants_ended ON grants (ended_at) WHERE ended_at > 0;

-- What a token rests on never changes, and is kept with its place; what may change since is looked up.

CREATE TABLE statuses (
	expires_at       INTEGER NOT NULL, -- of the list, which has no other name
	idx              INTEGER NOT NULL,
	client_id        TEXT NOT NULL,
	grant_id         BLOB, -- NULL: it rests on no grant
	session_id       BLOB, -- NULL: it does not end with one
	person_id        TEXT    NOT NULL,
	epoch            INTEGER NOT NULL,
	acr              INTEGER NOT NULL,
	stands_until     INTEGER NOT NULL,
	revocation       BLOB, -- what is in replays if the token was revoked by itself; NULL if its grant ends instead
	token_expires_at INTEGER NOT NULL,
	PRIMARY KEY (expires_at, idx)
);

-- Of whom an application does not want to hear (OpenID Shared Signals Framework 1.0 §8.1.3.3).

ALTER TABLE known ADD COLUMN removed BOOLEAN NOT NULL DEFAULT FALSE;
