-- +goose Up

-- Which access tokens have a place in a status list, of applications that asked for it. The others write no row here.

ALTER TABLE applications ADD COLUMN status_list BOOLEAN NOT NULL DEFAULT FALSE;

CREATE TABLE statuses (
	expires_at       BIGINT  NOT NULL, -- of the list, which has no other name
	idx              INTEGER NOT NULL,
	client_id        TEXT COLLATE "C" NOT NULL,
	grant_id         BYTEA,            -- NULL: it rests on no grant
	grant_expires_at BIGINT  NOT NULL,
	revocation       BYTEA   NOT NULL, -- what is in replays if the token was revoked by itself
	token_expires_at BIGINT  NOT NULL,
	PRIMARY KEY (expires_at, idx)
) PARTITION BY RANGE (expires_at);
CREATE TABLE statuses_default PARTITION OF statuses DEFAULT;
