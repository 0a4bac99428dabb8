-- +goose Up

-- Questions that one browser asks and another device answers. Every node asks often which of them changed.

CREATE TABLE tickets (
	id         TEXT   NOT NULL,
	expires_at BIGINT NOT NULL,
	version    BIGINT NOT NULL,
	body       BYTEA  NOT NULL,
	changed_at BIGINT NOT NULL,
	PRIMARY KEY (id, expires_at)
) PARTITION BY RANGE (expires_at);
CREATE TABLE tickets_default PARTITION OF tickets DEFAULT;
CREATE INDEX tickets_changed ON tickets (changed_at);

-- What persons read about themselves. They are kept for a time, so the time itself is what partitions are ranges of, and
-- the key is the only index.

CREATE TABLE events (
	person_id TEXT             NOT NULL,
	at        BIGINT           NOT NULL,
	id        TEXT COLLATE "C" NOT NULL,
	kind      TEXT             NOT NULL,
	detail    BYTEA            NOT NULL,
	PRIMARY KEY (person_id, at, id)
) PARTITION BY RANGE (at);
CREATE TABLE events_default PARTITION OF events DEFAULT;

-- A person's sessions, newest first.

CREATE INDEX sessions_of_person ON sessions (person_id, created_at);

-- Where and how an application may be used; null stands for all.

ALTER TABLE applications ADD COLUMN channels TEXT NOT NULL DEFAULT 'null';
ALTER TABLE applications ADD COLUMN methods TEXT NOT NULL DEFAULT 'null';
