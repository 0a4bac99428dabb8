-- +goose Up

-- Tables of rows that expire are partitioned by their expiry; Maintain creates the partitions. The default ones take
-- what arrives before it did.

CREATE TABLE keysets (
	name   TEXT  NOT NULL PRIMARY KEY,
	sealed BYTEA NOT NULL
);

CREATE TABLE persons (
	id         TEXT   NOT NULL PRIMARY KEY,
	name       BYTEA  NOT NULL,
	region     TEXT   NOT NULL,
	status     TEXT   NOT NULL,
	epoch      BIGINT NOT NULL,
	created_at BIGINT NOT NULL
);

CREATE TABLE documents (
	lookup    BYTEA NOT NULL PRIMARY KEY,
	person_id TEXT  NOT NULL REFERENCES persons (id),
	kind      TEXT  NOT NULL,
	number    BYTEA NOT NULL
);
CREATE INDEX documents_of_person ON documents (person_id);

CREATE TABLE register (
	lookup BYTEA NOT NULL PRIMARY KEY,
	kind   TEXT  NOT NULL,
	region TEXT  NOT NULL,
	status TEXT  NOT NULL,
	sealed BYTEA NOT NULL
);

CREATE TABLE imports (
	source   TEXT    NOT NULL PRIMARY KEY,
	line     BIGINT  NOT NULL,
	imported BIGINT  NOT NULL,
	rejected BIGINT  NOT NULL,
	done     BOOLEAN NOT NULL
);

CREATE TABLE links (
	issuer     TEXT   NOT NULL,
	subject    TEXT   NOT NULL,
	person_id  TEXT   NOT NULL REFERENCES persons (id),
	created_at BIGINT NOT NULL,
	PRIMARY KEY (issuer, subject)
);
CREATE INDEX links_of_person ON links (person_id);

CREATE TABLE credentials (
	id            TEXT   NOT NULL PRIMARY KEY,
	person_id     TEXT   NOT NULL REFERENCES persons (id),
	method        TEXT   NOT NULL,
	label         BYTEA  NOT NULL,
	handle_lookup BYTEA,
	handle        BYTEA  NOT NULL,
	secret        BYTEA  NOT NULL,
	counter       BIGINT NOT NULL,
	created_at    BIGINT NOT NULL,
	last_used_at  BIGINT NOT NULL
);
CREATE INDEX credentials_of_person ON credentials (person_id);
CREATE INDEX credentials_by_handle ON credentials (handle_lookup) WHERE handle_lookup IS NOT NULL;

CREATE TABLE sessions (
	id                BYTEA    NOT NULL,
	expires_at        BIGINT   NOT NULL,
	person_id         TEXT     NOT NULL,
	epoch             BIGINT   NOT NULL,
	auth_time         BIGINT   NOT NULL,
	acr               SMALLINT NOT NULL,
	amr               TEXT     NOT NULL,
	origin            TEXT     NOT NULL,
	upstream_id_token BYTEA    NOT NULL,
	user_agent        TEXT     NOT NULL,
	family            BYTEA    NOT NULL,
	created_at        BIGINT   NOT NULL,
	ended_at          BIGINT   NOT NULL,
	PRIMARY KEY (id, expires_at)
) PARTITION BY RANGE (expires_at);
CREATE TABLE sessions_default PARTITION OF sessions DEFAULT;
CREATE INDEX sessions_of_family ON sessions (family);

CREATE TABLE grants (
	id                 BYTEA    NOT NULL,
	expires_at         BIGINT   NOT NULL,
	session_id         BYTEA    NOT NULL,
	session_expires_at BIGINT   NOT NULL,
	client_id          TEXT     NOT NULL,
	person_id          TEXT     NOT NULL,
	epoch              BIGINT   NOT NULL,
	scopes             TEXT     NOT NULL,
	auth_time          BIGINT   NOT NULL,
	acr                SMALLINT NOT NULL,
	amr                TEXT     NOT NULL,
	claims             TEXT     NOT NULL,
	offline            BOOLEAN  NOT NULL,
	generation         BIGINT   NOT NULL,
	created_at         BIGINT   NOT NULL,
	ended_at           BIGINT   NOT NULL,
	PRIMARY KEY (id, expires_at)
) PARTITION BY RANGE (expires_at);
CREATE TABLE grants_default PARTITION OF grants DEFAULT;

CREATE TABLE conversations (
	id         TEXT   NOT NULL,
	expires_at BIGINT NOT NULL,
	version    BIGINT NOT NULL,
	body       BYTEA  NOT NULL,
	PRIMARY KEY (id, expires_at)
) PARTITION BY RANGE (expires_at);
CREATE TABLE conversations_default PARTITION OF conversations DEFAULT;

CREATE TABLE applications (
	client_id                 TEXT COLLATE "C" NOT NULL PRIMARY KEY,
	status                    TEXT             NOT NULL,
	name                      TEXT             NOT NULL,
	region                    TEXT             NOT NULL,
	auth_method               TEXT             NOT NULL,
	secret_hash               BYTEA,
	jwks                      BYTEA,
	redirect_uris             TEXT             NOT NULL,
	post_logout_redirect_uris TEXT             NOT NULL,
	grant_types               TEXT             NOT NULL,
	scopes                    TEXT             NOT NULL,
	audience                  TEXT             NOT NULL,
	sector_identifier         TEXT             NOT NULL,
	id_token_alg              TEXT             NOT NULL,
	pkce_optional             BOOLEAN          NOT NULL,
	issuer                    BOOLEAN          NOT NULL,
	created_at                BIGINT           NOT NULL,
	updated_at                BIGINT           NOT NULL
);

CREATE TABLE upstreams (
	issuer        TEXT             NOT NULL PRIMARY KEY,
	region        TEXT COLLATE "C" NOT NULL UNIQUE,
	name          TEXT             NOT NULL,
	client_id     TEXT             NOT NULL,
	client_secret BYTEA            NOT NULL,
	auth_method   TEXT             NOT NULL,
	scopes        TEXT             NOT NULL,
	claims        TEXT             NOT NULL,
	acr           TEXT             NOT NULL,
	status        TEXT             NOT NULL,
	created_at    BIGINT           NOT NULL
);

CREATE TABLE signing_keys (
	key_id      TEXT   NOT NULL PRIMARY KEY,
	algorithm   TEXT   NOT NULL,
	serial      BIGINT NOT NULL,
	private     BYTEA  NOT NULL,
	created_at  BIGINT NOT NULL,
	active_from BIGINT NOT NULL,
	retire_at   BIGINT NOT NULL,
	UNIQUE (algorithm, serial)
);

CREATE TABLE consents (
	person_id TEXT   NOT NULL,
	client_id TEXT   NOT NULL,
	scope     TEXT   NOT NULL,
	given_at  BIGINT NOT NULL,
	PRIMARY KEY (person_id, client_id, scope)
);

CREATE TABLE limits (
	key        BYTEA  NOT NULL,
	expires_at BIGINT NOT NULL,
	total      BIGINT NOT NULL,
	PRIMARY KEY (key, expires_at)
) PARTITION BY RANGE (expires_at);
CREATE TABLE limits_default PARTITION OF limits DEFAULT;

CREATE TABLE replays (
	id         BYTEA  NOT NULL,
	expires_at BIGINT NOT NULL,
	PRIMARY KEY (id, expires_at)
) PARTITION BY RANGE (expires_at);
CREATE TABLE replays_default PARTITION OF replays DEFAULT;
