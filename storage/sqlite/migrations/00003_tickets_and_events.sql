-- +goose Up

-- Questions that one browser asks and another device answers. Every node asks often which of them changed.

CREATE TABLE tickets (
	id         TEXT    NOT NULL,
	expires_at INTEGER NOT NULL,
	version    INTEGER NOT NULL,
	body       BLOB    NOT NULL,
	changed_at INTEGER NOT NULL,
	PRIMARY KEY (id, expires_at)
) WITHOUT ROWID;
CREATE INDEX tickets_changed ON tickets (changed_at);

-- What persons read about themselves, by time.

CREATE TABLE events (
	person_id TEXT    NOT NULL,
	at        INTEGER NOT NULL,
	id        TEXT    NOT NULL,
	kind      TEXT    NOT NULL,
	detail    BLOB    NOT NULL,
	PRIMARY KEY (person_id, at, id)
) WITHOUT ROWID;

-- A person's sessions, newest first.

CREATE INDEX sessions_of_person ON sessions (person_id, created_at);

-- Where and how an application may be used; null stands for all.

ALTER TABLE applications ADD COLUMN channels TEXT NOT NULL DEFAULT 'null';
ALTER TABLE applications ADD COLUMN methods TEXT NOT NULL DEFAULT 'null';
