-- +goose Up

-- Tickets connect two devices. What changed lately is asked for often by every node, and is little.
CREATE TABLE tickets (
	id         TEXT   NOT NULL,
	expires_at BIGINT NOT NULL,
	version    BIGINT NOT NULL,
	changed_at BIGINT NOT NULL,
	body       BLOB   NOT NULL,
	PRIMARY KEY (id, expires_at)
);
CREATE INDEX tickets_changed ON tickets (changed_at);

-- Events are read by person, the newest first.
CREATE TABLE events (
	id         TEXT   NOT NULL,
	person_id  TEXT   NOT NULL,
	at         BIGINT NOT NULL,
	kind       TEXT   NOT NULL,
	detail     BLOB   NOT NULL,
	expires_at BIGINT NOT NULL,
	PRIMARY KEY (person_id, at, id, expires_at)
);

CREATE INDEX sessions_of_person ON sessions (person_id);

ALTER TABLE applications ADD COLUMN channels TEXT NOT NULL DEFAULT 'null';
ALTER TABLE applications ADD COLUMN methods TEXT NOT NULL DEFAULT 'null';
