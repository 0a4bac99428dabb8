-- +goose Up

-- A signal about a person that is told to the issuer of a link of theirs, by its own subject, and to nobody else.

ALTER TABLE signals ADD COLUMN personal BOOLEAN NOT NULL DEFAULT FALSE;

-- Of which holds on persons the issuers of their links were told, by which subject, for which time, and whether they were not told the end.

CREATE TABLE held_links (
	hold_id TEXT NOT NULL,
	issuer  TEXT NOT NULL,
	subject TEXT NOT NULL,
	turn    BIGINT NOT NULL,
	lies    BOOLEAN NOT NULL,
	PRIMARY KEY (hold_id, issuer, subject)
);
