-- +goose Up

-- Which applications build on which sessions, how far each was told of those that ended, and which node tells them.

ALTER TABLE applications ADD COLUMN backchannel_logout_uri TEXT NOT NULL DEFAULT '';

CREATE TABLE onward (
	session_id BYTEA  NOT NULL,
	expires_at BIGINT NOT NULL, -- the session's
	client_id  TEXT   NOT NULL,
	person_id  TEXT   NOT NULL,
	PRIMARY KEY (session_id, expires_at, client_id)
) PARTITION BY RANGE (expires_at);
CREATE TABLE onward_default PARTITION OF onward DEFAULT;
CREATE INDEX onward_of_person ON onward (person_id);

CREATE TABLE deliveries (
	client_id TEXT COLLATE "C" NOT NULL PRIMARY KEY,
	position  BIGINT           NOT NULL
);

CREATE TABLE leases (
	task  TEXT   NOT NULL PRIMARY KEY,
	node  TEXT   NOT NULL,
	until BIGINT NOT NULL
);
