-- +goose Up

-- Provinces on their way into the federation.

CREATE TABLE invitations (
	id         BYTEA  NOT NULL PRIMARY KEY,
	region     TEXT   NOT NULL,
	name       TEXT   NOT NULL,
	status     TEXT   NOT NULL,
	issuer     TEXT   NOT NULL,
	jwks       BYTEA,
	report     BYTEA,
	expires_at BIGINT NOT NULL,
	updated_at BIGINT NOT NULL
);
