-- +goose Up

-- Tokens that were exchanged, or were not, and why; found by the SHA-256 of a token. They are kept for a time, which is what
-- partitions are ranges of.

CREATE TABLE exchanges (
	token  BYTEA            NOT NULL,
	at     BIGINT           NOT NULL,
	id     TEXT COLLATE "C" NOT NULL,
	detail BYTEA            NOT NULL,
	PRIMARY KEY (token, at, id)
) PARTITION BY RANGE (at);
CREATE TABLE exchanges_default PARTITION OF exchanges DEFAULT;

-- The issuers among the applications are few.

CREATE INDEX applications_issuers ON applications (region) WHERE issuer;
