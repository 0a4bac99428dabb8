-- +goose Up

-- What others have to hear: what happened to persons and links, in the order of the commits. It is written by what makes it happen.

CREATE TABLE signals (
	seq       BIGINT NOT NULL PRIMARY KEY,
	at        BIGINT NOT NULL,
	what      TEXT   NOT NULL,
	person_id TEXT   NOT NULL,
	other     TEXT   NOT NULL,
	issuer    TEXT   NOT NULL,
	subject   TEXT   NOT NULL,
	hold_id   TEXT   NOT NULL,
	hold_kind TEXT   NOT NULL,
	case_id   TEXT   NOT NULL,
	number    TEXT   NOT NULL,
	decision  TEXT   NOT NULL
);
CREATE INDEX signals_of_case ON signals (case_id, seq) WHERE case_id <> '';

CREATE TABLE signal_head (
	seq BIGINT NOT NULL
);
INSERT INTO signal_head (seq) VALUES (0);

-- Which application knows which person by which subject.

CREATE TABLE known (
	client_id TEXT COLLATE "C" NOT NULL,
	subject   TEXT COLLATE "C" NOT NULL,
	person_id TEXT   NOT NULL,
	since     BIGINT NOT NULL,
	PRIMARY KEY (client_id, subject)
);
CREATE INDEX known_of_person ON known (person_id, client_id);

-- Who wants to hear, how far each has heard, and when.

CREATE TABLE streams (
	client_id     TEXT COLLATE "C" NOT NULL PRIMARY KEY,
	id            TEXT    NOT NULL UNIQUE,
	method        TEXT    NOT NULL,
	endpoint      TEXT    NOT NULL,
	auth          BYTEA   NOT NULL, -- sealed: the Authorization header
	events        TEXT    NOT NULL,
	description   TEXT    NOT NULL,
	status        TEXT    NOT NULL,
	reason        TEXT    NOT NULL,
	verification  TEXT    NOT NULL, -- JSON: what is to be sent as verification; '' if nothing is
	position      BIGINT  NOT NULL,
	partial       INTEGER NOT NULL, -- tokens of the next signal that were acknowledged already
	created_at    BIGINT  NOT NULL
);

CREATE TABLE signal_acks (
	seq       BIGINT NOT NULL,
	client_id TEXT   NOT NULL,
	at        BIGINT NOT NULL,
	PRIMARY KEY (seq, client_id)
);
