-- +goose Up

-- Whose word an exchanged token rests on: the issuer whose token it was exchanged for, and the one where the person authenticated. It
-- ends with the trust in either. Grants of sessions have neither, so the index costs them nothing.

ALTER TABLE grants ADD COLUMN issuer TEXT NOT NULL DEFAULT '';
ALTER TABLE grants ADD COLUMN origin TEXT NOT NULL DEFAULT '';
CREATE INDEX grants_exchanged ON grants (expires_at) WHERE issuer <> '';

-- Applications that registered themselves by a trust chain (explicit registration), until that ends.

CREATE TABLE registrations (
	client_id  TEXT   NOT NULL PRIMARY KEY,
	below      TEXT   NOT NULL, -- the entity next to the anchor on its path: there is room for so many below each
	path       TEXT   NOT NULL,
	marks      TEXT   NOT NULL,
	metadata   BLOB   NOT NULL,
	issued_at  INTEGER NOT NULL, -- its configuration: an older one does not replace it
	expires_at INTEGER NOT NULL
);
CREATE INDEX registrations_below ON registrations (below, expires_at);
