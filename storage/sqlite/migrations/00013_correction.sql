-- +goose Up

-- What interferes with a person or a link: several at once, each with a life of its own. What follows from them is kept with the
-- person and the link, so that the hot statements read nothing more.

ALTER TABLE persons ADD COLUMN least_acr INTEGER NOT NULL DEFAULT 0;
ALTER TABLE persons ADD COLUMN merged_into TEXT NOT NULL DEFAULT '';
CREATE INDEX persons_merged ON persons (merged_into) WHERE merged_into <> '';
ALTER TABLE links ADD COLUMN status TEXT NOT NULL DEFAULT 'active';

CREATE TABLE holds (
	id        TEXT   NOT NULL PRIMARY KEY,
	person_id TEXT   NOT NULL REFERENCES persons (id),
	issuer    TEXT   NOT NULL, -- with subject, the link; '' is the whole person
	subject   TEXT   NOT NULL,
	kind      TEXT   NOT NULL,
	case_id   TEXT   NOT NULL,
	number    TEXT   NOT NULL, -- of the case, as people say it
	origin    TEXT   NOT NULL, -- the issuer that told of it; '' is this one
	placed_at INTEGER NOT NULL,
	placed_by TEXT   NOT NULL,
	until     INTEGER NOT NULL, -- 0: until it is lifted
	lifted_at INTEGER NOT NULL,
	lifted_by TEXT   NOT NULL
);
CREATE INDEX holds_of_person ON holds (person_id, placed_at);
CREATE INDEX holds_lapsing ON holds (until) WHERE until > 0 AND lifted_at = 0;

-- What a decision moved from one person to another, so that it can be moved back.

CREATE TABLE moves (
	decision    TEXT  NOT NULL,
	what        TEXT  NOT NULL,
	key         BLOB NOT NULL,
	from_person TEXT  NOT NULL,
	to_person   TEXT  NOT NULL,
	body        BLOB NOT NULL,
	PRIMARY KEY (decision, what, key)
);

-- Cases, what happened to each, and how many there are.

CREATE TABLE cases (
	id           TEXT NOT NULL PRIMARY KEY,
	number       TEXT    NOT NULL UNIQUE,
	kind         TEXT    NOT NULL,
	topic        TEXT    NOT NULL, -- what of the person it is about: of two open cases of one topic the second is a duplicate
	state        TEXT    NOT NULL,
	open         BOOLEAN NOT NULL,
	person_id    TEXT    NOT NULL,
	region       TEXT    NOT NULL,
	rank         INTEGER NOT NULL, -- the lower the sooner
	filer        TEXT    NOT NULL,
	assignee     TEXT    NOT NULL,
	duplicate_of TEXT    NOT NULL,
	version      INTEGER  NOT NULL,
	filed_at     INTEGER  NOT NULL,
	due_at       INTEGER  NOT NULL,
	updated_at   INTEGER  NOT NULL,
	body         BLOB   NOT NULL
);
CREATE UNIQUE INDEX cases_one ON cases (person_id, topic) WHERE open AND duplicate_of = '' AND person_id <> '';
CREATE INDEX cases_open ON cases (rank, due_at, id) WHERE open AND duplicate_of = '';
CREATE INDEX cases_open_region ON cases (region, rank, due_at, id) WHERE open AND duplicate_of = '';
CREATE INDEX cases_state ON cases (state, rank, due_at, id) WHERE duplicate_of = '';
CREATE INDEX cases_kind ON cases (kind, rank, due_at, id) WHERE open AND duplicate_of = '';
CREATE INDEX cases_assignee ON cases (assignee, rank, due_at, id) WHERE open AND assignee <> '';
CREATE INDEX cases_due ON cases (due_at, id) WHERE open AND duplicate_of = '';
CREATE INDEX cases_of_person ON cases (person_id, filed_at);
CREATE INDEX cases_of_filer ON cases (filer, filed_at);
CREATE INDEX cases_duplicates ON cases (duplicate_of) WHERE duplicate_of <> '';

CREATE TABLE case_events (
	case_id TEXT NOT NULL,
	seq     INTEGER NOT NULL, -- from 1
	at      INTEGER NOT NULL,
	what    TEXT   NOT NULL,
	actor   TEXT   NOT NULL,
	body    BLOB  NOT NULL,
	PRIMARY KEY (case_id, seq)
);

CREATE TABLE case_counts (
	region TEXT   NOT NULL,
	kind   TEXT   NOT NULL,
	state  TEXT   NOT NULL,
	n      INTEGER NOT NULL,
	PRIMARY KEY (region, kind, state)
);
