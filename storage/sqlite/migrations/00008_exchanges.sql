-- +goose Up

-- Tokens that were exchanged, or were not, and why; found by the SHA-256 of a token.

CREATE TABLE exchanges (
	token  BLOB    NOT NULL,
	at     INTEGER NOT NULL,
	id     TEXT    NOT NULL,
	detail BLOB    NOT NULL,
	PRIMARY KEY (token, at, id)
) WITHOUT ROWID;
CREATE INDEX exchanges_at ON exchanges (at);

-- The issuers among the applications are few.

CREATE INDEX applications_issuers ON applications (region) WHERE issuer;
