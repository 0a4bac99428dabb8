-- +goose Up

-- The entities that this node vouches for, and what it says about any.

CREATE TABLE subordinates (
	entity_id  TEXT COLLATE "C" NOT NULL PRIMARY KEY,
	types      TEXT NOT NULL,
	jwks       BYTEA NOT NULL,
	rules      BYTEA,
	status     TEXT NOT NULL,
	created_at BIGINT NOT NULL,
	updated_at BIGINT NOT NULL
);
CREATE INDEX subordinates_updated ON subordinates (updated_at);

CREATE TABLE trust_marks (
	type       TEXT COLLATE "C" NOT NULL,
	subject    TEXT COLLATE "C" NOT NULL,
	issued_at  BIGINT NOT NULL,
	expires_at BIGINT NOT NULL,
	revoked_at BIGINT NOT NULL,
	PRIMARY KEY (type, subject)
);
