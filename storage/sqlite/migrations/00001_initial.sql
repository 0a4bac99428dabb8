-- +goose Up
CREATE TABLE keysets (
	name   TEXT NOT NULL PRIMARY KEY,
	sealed BLOB NOT NULL
) WITHOUT ROWID;

CREATE TABLE persons (
	id         TEXT    NOT NULL PRIMARY KEY,
	name       BLOB    NOT NULL,
	region     TEXT    NOT NULL,
	status     TEXT    NOT NULL,
	epoch      INTEGER NOT NULL,
	created_at INTEGER NOT NULL
) WITHOUT ROWID;

CREATE TABLE documents (
	lookup    BLOB NOT NULL PRIMARY KEY,
	person_id TEXT NOT NULL REFERENCES persons (id),
	kind      TEXT NOT NULL,
	number    BLOB NOT NULL
) WITHOUT ROWID;
CREATE INDEX documents_of_person ON documents (person_id);

CREATE TABLE register (
	lookup BLOB NOT NULL PRIMARY KEY,
	kind   TEXT NOT NULL,
	region TEXT NOT NULL,
	status TEXT NOT NULL,
	sealed BLOB NOT NULL
) WITHOUT ROWID;

CREATE TABLE imports (
	source   TEXT    NOT NULL PRIMARY KEY,
	line     INTEGER NOT NULL,
	imported INTEGER NOT NULL,
	rejected INTEGER NOT NULL,
	done     BOOLEAN NOT NULL
) WITHOUT ROWID;

CREATE TABLE links (
	issuer     TEXT    NOT NULL,
	subject    TEXT    NOT NULL,
	person_id  TEXT    NOT NULL REFERENCES persons (id),
	created_at INTEGER NOT NULL,
	PRIMARY KEY (issuer, subject)
) WITHOUT ROWID;
CREATE INDEX links_of_person ON links (person_id);

CREATE TABLE credentials (
	id            TEXT    NOT NULL PRIMARY KEY,
	person_id     TEXT    NOT NULL REFERENCES persons (id),
	method        TEXT    NOT NULL,
	label         BLOB    NOT NULL,
	handle_lookup BLOB,
	handle        BLOB    NOT NULL,
	secret        BLOB    NOT NULL,
	counter       INTEGER NOT NULL,
	created_at    INTEGER NOT NULL,
	last_used_at  INTEGER NOT NULL
) WITHOUT ROWID;
CREATE INDEX credentials_of_person ON credentials (person_id);
CREATE INDEX credentials_by_handle ON credentials (handle_lookup) WHERE handle_lookup IS NOT NULL;

CREATE TABLE sessions (
	id                BLOB    NOT NULL,
	expires_at        INTEGER NOT NULL,
	person_id         TEXT    NOT NULL,
	epoch             INTEGER NOT NULL,
	auth_time         INTEGER NOT NULL,
	acr               INTEGER NOT NULL,
	amr               TEXT    NOT NULL,
	origin            TEXT    NOT NULL,
	upstream_id_token BLOB    NOT NULL,
	user_agent        TEXT    NOT NULL,
	family            BLOB    NOT NULL,
	created_at        INTEGER NOT NULL,
	ended_at          INTEGER NOT NULL,
	PRIMARY KEY (id, expires_at)
) WITHOUT ROWID;
CREATE INDEX sessions_of_family ON sessions (family);

CREATE TABLE grants (
	id                 BLOB    NOT NULL,
	expires_at         INTEGER NOT NULL,
	session_id         BLOB    NOT NULL,
	session_expires_at INTEGER NOT NULL,
	client_id          TEXT    NOT NULL,
	person_id          TEXT    NOT NULL,
	epoch              INTEGER NOT NULL,
	scopes             TEXT    NOT NULL,
	auth_time          INTEGER NOT NULL,
	acr                INTEGER NOT NULL,
	amr                TEXT    NOT NULL,
	claims             TEXT    NOT NULL,
	offline            BOOLEAN NOT NULL,
	generation         INTEGER NOT NULL,
	created_at         INTEGER NOT NULL,
	ended_at           INTEGER NOT NULL,
	PRIMARY KEY (id, expires_at)
) WITHOUT ROWID;

CREATE TABLE conversations (
	id         TEXT    NOT NULL,
	expires_at INTEGER NOT NULL,
	version    INTEGER NOT NULL,
	body       BLOB    NOT NULL,
	PRIMARY KEY (id, expires_at)
) WITHOUT ROWID;

CREATE TABLE applications (
	client_id                 TEXT    NOT NULL PRIMARY KEY,
	status                    TEXT    NOT NULL,
	name                      TEXT    NOT NULL,
	region                    TEXT    NOT NULL,
	auth_method               TEXT    NOT NULL,
	secret_hash               BLOB,
	jwks                      BLOB,
	redirect_uris             TEXT    NOT NULL,
	post_logout_redirect_uris TEXT    NOT NULL,
	grant_types               TEXT    NOT NULL,
	scopes                    TEXT    NOT NULL,
	audience                  TEXT    NOT NULL,
	sector_identifier         TEXT    NOT NULL,
	id_token_alg              TEXT    NOT NULL,
	pkce_optional             BOOLEAN NOT NULL,
	issuer                    BOOLEAN NOT NULL,
	created_at                INTEGER NOT NULL,
	updated_at                INTEGER NOT NULL
) WITHOUT ROWID;

CREATE TABLE upstreams (
	issuer        TEXT    NOT NULL PRIMARY KEY,
	region        TEXT    NOT NULL UNIQUE,
	name          TEXT    NOT NULL,
	client_id     TEXT    NOT NULL,
	client_secret BLOB    NOT NULL,
	auth_method   TEXT    NOT NULL,
	scopes        TEXT    NOT NULL,
	claims        TEXT    NOT NULL,
	acr           TEXT    NOT NULL,
	status        TEXT    NOT NULL,
	created_at    INTEGER NOT NULL
) WITHOUT ROWID;

CREATE TABLE signing_keys (
	key_id      TEXT    NOT NULL PRIMARY KEY,
	algorithm   TEXT    NOT NULL,
	serial      INTEGER NOT NULL,
	private     BLOB    NOT NULL,
	created_at  INTEGER NOT NULL,
	active_from INTEGER NOT NULL,
	retire_at   INTEGER NOT NULL,
	UNIQUE (algorithm, serial)
) WITHOUT ROWID;

CREATE TABLE consents (
	person_id TEXT    NOT NULL,
	client_id TEXT    NOT NULL,
	scope     TEXT    NOT NULL,
	given_at  INTEGER NOT NULL,
	PRIMARY KEY (person_id, client_id, scope)
) WITHOUT ROWID;

CREATE TABLE limits (
	key        BLOB    NOT NULL,
	expires_at INTEGER NOT NULL,
	total      INTEGER NOT NULL,
	PRIMARY KEY (key, expires_at)
) WITHOUT ROWID;

CREATE TABLE replays (
	id         BLOB    NOT NULL,
	expires_at INTEGER NOT NULL,
	PRIMARY KEY (id, expires_at)
) WITHOUT ROWID;
