-- +goose Up

-- Who runs this issuer.

CREATE TABLE staff (
	person_id  TEXT NOT NULL PRIMARY KEY REFERENCES persons (id),
	roles      TEXT NOT NULL,
	created_at INTEGER NOT NULL
);
